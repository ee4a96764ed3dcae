// The SDK is loaded and its client made before the instrumentation: no hook fires.
const { converse } = require('./call.cjs');
const sdk = require('@aws-sdk/client-bedrock-runtime');

const client = new sdk.BedrockRuntimeClient({});
require('./setup.cjs');
converse(sdk, client);
