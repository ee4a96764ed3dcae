import * as sdk from '@aws-sdk/client-bedrock-agent-runtime';
import { invokeAgent } from './agent-call.cjs';

await invokeAgent(sdk);
