const { converse } = require('./call.cjs');
const sdk = require('@aws-sdk/client-bedrock-runtime');

converse(sdk);
