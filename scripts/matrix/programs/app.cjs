const runtime = require('@aws-sdk/client-bedrock-runtime');
const agentRuntime = require('@aws-sdk/client-bedrock-agent-runtime');
const { makeCalls } = require('./calls.cjs');

globalThis.smoke(() => makeCalls(runtime, agentRuntime));
