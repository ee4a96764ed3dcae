// The oldest SDK with Converse. Its `send` is defined in another package than today's.
const { converse } = require('./call.cjs');
const sdk = require('client-bedrock-runtime-3-600');

converse(sdk);
