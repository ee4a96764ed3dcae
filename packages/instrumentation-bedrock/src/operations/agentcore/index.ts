/** The operations of AgentCore. A new operation is one file beside this one and one row here. */

import type { Operation } from '../common/operation.js';
import { confidential } from './confidential.js';
import { invokeAgentRuntime } from './invoke-agent-runtime.js';
import { invokeHarness } from './invoke-harness.js';
import { memory } from './memory.js';
import { others } from './others.js';
import { sessions } from './sessions.js';
import { tools } from './tools.js';

export const agentCore: readonly Operation[] = [
  invokeAgentRuntime,
  invokeHarness,
  ...tools,
  ...sessions,
  ...memory,
  ...others,
  ...confidential,
];
