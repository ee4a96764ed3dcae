import { createScriptedModel } from '../../model/scripted-model.js';
import type { Service } from '../operation.js';
import { invokeAgentRuntime, invokeAgentRuntimeCommand, stopRuntimeSession } from './invoke-agent-runtime.js';
import { invokeHarness } from './invoke-harness.js';
import { memoryOperations } from './memory.js';
import { toolOperations } from './tool-sessions.js';

/** The data plane of Amazon Bedrock AgentCore. */
export const agentCore: Service = {
  id: 'bedrock-agentcore',
  errors: {
    ConflictException: { status: 409, message: 'The request conflicts with the current state.' },
    RuntimeClientError: { status: 424, message: 'The agent runtime failed.' },
    ServiceQuotaExceededException: { status: 402, message: 'The request exceeds a quota of the account.' },
    UnauthorizedException: { status: 401, message: 'The request is not authorized.' },
  },
  streamError: 'runtimeClientError',
  start() {
    const model = createScriptedModel();
    return [
      invokeAgentRuntime(model),
      invokeAgentRuntimeCommand,
      stopRuntimeSession,
      invokeHarness(model),
      ...toolOperations(),
      ...memoryOperations(),
    ];
  },
};
