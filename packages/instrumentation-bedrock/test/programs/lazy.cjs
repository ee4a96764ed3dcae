// The SDK comes when it is needed, long after the start.
const { converse } = require('./call.cjs');

setImmediate(() => converse(require('@aws-sdk/client-bedrock-runtime')));
