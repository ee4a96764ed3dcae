import * as agentRuntime from '@aws-sdk/client-bedrock-agent-runtime';
import * as runtime from '@aws-sdk/client-bedrock-runtime';
import { makeCalls } from './calls.cjs';

await globalThis.smoke(() => makeCalls(runtime, agentRuntime));
