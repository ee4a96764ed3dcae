import { agentRuntime } from './agent-runtime/index.js';
import { agentCore } from './agentcore/index.js';
import { openai } from './openai/index.js';
import type { Service } from './operation.js';
import { runtime } from './runtime/index.js';

/** The services of the simulator. A new operation is one file and one row in the `index.ts` of its service. */
export const SERVICES: readonly Service[] = [runtime, agentRuntime, agentCore, openai];
