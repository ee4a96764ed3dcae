const sdk = require('@aws-sdk/client-bedrock-runtime');
const { makeCalls } = require('./calls.cjs');

globalThis.smoke(() => makeCalls(sdk));
