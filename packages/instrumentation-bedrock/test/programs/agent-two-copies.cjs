// Two copies of the SDK in one process.
const { invokeAgent } = require('./agent-call.cjs');
const newest = require('@aws-sdk/client-bedrock-agent-runtime');
const oldest = require('client-bedrock-agent-runtime-3-600');

invokeAgent(oldest).then(() => invokeAgent(newest));
