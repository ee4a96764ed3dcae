// The SDK and a client exist before the instrumentation does.
import * as sdk from '@aws-sdk/client-bedrock-agent-runtime';
import { invokeAgent } from './agent-call.cjs';

const client = new sdk.BedrockAgentRuntimeClient({});
await import('./setup.mjs');
await invokeAgent(sdk, client);
