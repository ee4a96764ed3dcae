const { invokeAgent } = require('./agent-call.cjs');
const sdk = require('@aws-sdk/client-bedrock-agent-runtime');

invokeAgent(sdk);
