import type { JsonObject } from '../../json.js';
import type { Operation } from '../operation.js';
import { aliasArn } from './agents/agent.js';
import type { AgentSessions, MemorySummary } from './agents/session.js';

const PATH = '/agents/{agentId}/agentAliases/{agentAliasId}/memories';

/** The memory of an agent has a summary of each session that ended with a memory id. */
export function agentMemoryOperations(sessions: AgentSessions): Operation[] {
  return [
    {
      name: 'GetAgentMemory',
      method: 'GET',
      path: PATH,
      answer: ({ labels }) => ({
        body: { memoryContents: sessions.summaries(arnOf(labels), labels['memoryId']).map(summaryOf) },
      }),
    },
    {
      name: 'DeleteAgentMemory',
      method: 'DELETE',
      path: PATH,
      answer({ labels }) {
        sessions.forget(arnOf(labels), labels['memoryId'], labels['sessionId']);
        return { status: 202, body: {} };
      },
    },
  ];
}

function arnOf({ agentId = '', agentAliasId = '' }: Readonly<Record<string, string>>): string {
  return aliasArn(agentId, agentAliasId);
}

function summaryOf({ memoryId, sessionId, text, time }: MemorySummary): JsonObject {
  return {
    sessionSummary: { memoryId, sessionId, sessionStartTime: time, sessionExpiryTime: time, summaryText: text },
  };
}
