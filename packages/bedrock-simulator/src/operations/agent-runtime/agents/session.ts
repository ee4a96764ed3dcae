import type { PastTurn } from './model-call.js';
import type { Progress } from './orchestration.js';

/** A session with an agent. */
export interface AgentSession {
  readonly history: PastTurn[];
  /** Number of requests so far. */
  requests: number;
  /** A turn that waits for the results of the application. */
  waiting: WaitingTurn | undefined;
}

interface WaitingTurn {
  readonly invocationId: string;
  readonly question: string;
  readonly progress: Progress;
}

/** A summary of a session that ended with a memory id. */
export interface MemorySummary {
  readonly agentArn: string;
  readonly memoryId: string;
  readonly sessionId: string;
  readonly text: string;
  readonly time: string;
}

export interface AgentSessions {
  of(agentArn: string, sessionId: string): AgentSession;
  /** Forgets a session. Its summary stays if there is a memory id. */
  end(agentArn: string, sessionId: string, memoryId: string): void;
  summaries(agentArn: string, memoryId: string | undefined): readonly MemorySummary[];
  forget(agentArn: string, memoryId: string | undefined, sessionId: string | undefined): void;
}

export function createAgentSessions(): AgentSessions {
  const sessions = new Map<string, AgentSession>();
  let memory: MemorySummary[] = [];
  return {
    of(agentArn, sessionId) {
      const key = `${agentArn} ${sessionId}`;
      const session = sessions.get(key) ?? { history: [], requests: 0, waiting: undefined };
      sessions.set(key, session);
      return session;
    },
    end(agentArn, sessionId, memoryId) {
      const key = `${agentArn} ${sessionId}`;
      const text = sessions.get(key)?.history.map(({ question }) => `The user asked: ${question}`);
      sessions.delete(key);
      if (memoryId === '' || !text) return;
      memory.push({ agentArn, memoryId, sessionId, text: text.join('\n'), time: new Date().toISOString() });
    },
    summaries: (agentArn, memoryId) => memory.filter((summary) => isMeant(summary, agentArn, memoryId)),
    forget(agentArn, memoryId, sessionId) {
      memory = memory.filter((summary) => !isMeant(summary, agentArn, memoryId, sessionId));
    },
  };
}

function isMeant(summary: MemorySummary, agentArn: string, memoryId?: string, sessionId?: string): boolean {
  return (
    summary.agentArn === agentArn &&
    (memoryId === undefined || summary.memoryId === memoryId) &&
    (sessionId === undefined || summary.sessionId === sessionId)
  );
}
