import type { Service } from '../operation.js';
import { createAgentSessions } from './agents/session.js';
import { invokeAgent, invokeInlineAgent } from './invoke-agent.js';

/** Agents for Amazon Bedrock Runtime. */
export const agentRuntime: Service = {
  id: 'bedrock-agent-runtime',
  errors: {
    BadGatewayException: { status: 502, message: 'There was an issue with a dependency due to a server issue.' },
    ConflictException: { status: 409, message: 'There was a conflict performing an operation.' },
    DependencyFailedException: { status: 424, message: 'There was an issue with a dependency.' },
    ModelNotReadyException: { status: 424, message: 'The model specified in the request is not ready.' },
  },
  streamError: 'dependencyFailedException',
  start() {
    const agentSessions = createAgentSessions();
    return [invokeAgent(agentSessions), invokeInlineAgent(agentSessions)];
  },
};
