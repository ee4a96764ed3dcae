import type { Service } from '../operation.js';

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
    return [];
  },
};
