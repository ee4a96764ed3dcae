import type { Service } from '../operation.js';
import { agentMemoryOperations } from './agent-memory.js';
import { agenticRetrieveStream } from './agentic-retrieve.js';
import { createAgentSessions } from './agents/session.js';
import { documentOperations } from './documents.js';
import { flowExecutionOperations } from './flow-executions.js';
import { generateQuery } from './generate-query.js';
import { invokeAgent, invokeInlineAgent } from './invoke-agent.js';
import { invokeFlow } from './invoke-flow.js';
import { optimizePrompt } from './optimize-prompt.js';
import { rerank } from './rerank.js';
import { retrieve } from './retrieve.js';
import { retrieveAndGenerate, retrieveAndGenerateStream } from './retrieve-and-generate.js';
import { sessionOperations } from './sessions.js';
import { tagOperations } from './tags.js';

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
    return [
      invokeAgent(agentSessions),
      invokeInlineAgent(agentSessions),
      retrieve,
      retrieveAndGenerate,
      retrieveAndGenerateStream,
      rerank,
      generateQuery,
      agenticRetrieveStream,
      optimizePrompt,
      invokeFlow(),
      ...flowExecutionOperations(),
      ...sessionOperations(),
      ...agentMemoryOperations(agentSessions),
      ...documentOperations,
      ...tagOperations(),
    ];
  },
};
