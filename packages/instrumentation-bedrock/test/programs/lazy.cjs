// The SDK is loaded at its first use.
const { converse } = require('./call.cjs');

setImmediate(() => converse(require('@aws-sdk/client-bedrock-runtime')));
