import type { ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { decodeTraceRequest, type ReceivedSpan } from 'testing/otlp-decode.js';
import { type Answer, type LocalServer, startLocalServer } from './local-server.js';

/** What the server does with requests: it takes them at once or slowly, closes the connection, never answers, or answers a status. */
export type State = 'up' | 'away' | 'hanging' | 'slow' | 401 | 503;

/** A server that changes its state, and keeps the spans that it took. */
export interface CountingServer extends LocalServer {
  state: State;
  /** It treats spans that contain this text as in this state. */
  poison?: { text: string; state: Exclude<State, 'up' | 'slow'> };
  /** Spans taken, by their id. */
  taken: Map<string, ReceivedSpan>;
  /** Resolves when it has taken this many spans. */
  took(spans: number): Promise<void>;
  /** Resolves at its next request. */
  asked(): Promise<void>;
}

const SLOW_MILLIS = 60;
const ANSWERS: Record<Exclude<State, 'up' | 'slow'>, Answer> = {
  away: (response) => response.destroy(),
  hanging: () => {},
  401: { status: 401 },
  503: { status: 503 },
};

const slowly = (response: ServerResponse): void => void setTimeout(() => response.end(), SLOW_MILLIS);

/** @param port default: one that the system chooses */
export async function startCountingServer(port?: number): Promise<CountingServer> {
  const taken = new Map<string, ReceivedSpan>();
  const waiting = new Set<() => void>();
  const listening = new Set<() => void>();
  const server: CountingServer = Object.assign(
    await startLocalServer(({ path, body }) => {
      for (const resolve of listening) resolve();
      listening.clear();
      if (server.state !== 'up' && server.state !== 'slow') return ANSWERS[server.state];
      if (path !== '/v1/traces') return undefined;
      const message = gunzipSync(body);
      if (server.poison !== undefined && message.includes(server.poison.text)) return ANSWERS[server.poison.state];
      for (const span of decodeTraceRequest(message)) taken.set(span.spanId, span);
      for (const look of waiting) look();
      return server.state === 'slow' ? slowly : undefined;
    }, port),
    {
      state: 'up' as State,
      taken,
      asked: () => new Promise<void>((resolve) => void listening.add(resolve)),
      took: (spans: number) =>
        new Promise<void>((resolve) => {
          const look = (): void => {
            if (taken.size < spans) return;
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
          look();
        }),
    },
  );
  return server;
}
