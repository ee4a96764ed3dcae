// The SDK is loaded and its client created before the instrumentation, so no hook runs.
const { converse } = require('./call.cjs');
const sdk = require('@aws-sdk/client-bedrock-runtime');

const client = new sdk.BedrockRuntimeClient({});
require('./setup.cjs');
converse(sdk, client);
