import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { ResolvedConnection } from './connection.js';
import { classify, type Failure, type Outcome } from './outcome.js';
import { PROXY_UNAVAILABLE_CODE } from './proxy.js';
import { createSlots } from './slots.js';
import {
  type HttpRequest,
  type HttpResult,
  NO_ANSWER_IN_TIME,
  NO_CREDENTIALS_CODE,
  TIMEOUT_CODE,
  type Transport,
} from './transport.js';

const BACKOFF_MULTIPLIER = 2;
// Enough to reach any longest pause, and far from where numbers become infinite.
const MAX_DOUBLINGS = 30;
// A server may be back just before the deadline: the last attempt is made this long before it, not up to a pause.
const LAST_ATTEMPT_MILLIS = 2_000;
// The connection was never made, so that not even a request that must not be repeated can have had an effect.
const NEVER_SENT = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...[PROXY_UNAVAILABLE_CODE, NO_CREDENTIALS_CODE],
]);
const REFUSED_UNSEEN = new Set([429, 503]);
// An attempt that could be followed by no other of the same length may as well take all the time there is.
const ATTEMPTS_WORTH_LIMITING = 2;
const TELLING_MILLIS = 1000;

/** Sends requests, again after outages, and classifies the answers. */
export interface RetryingTransport {
  /**
   * Sends the request until it succeeds or fails for good, at most until `deadline` on the clock of
   * `performance.now()`. Never throws. This is the only place where an answer is classified.
   */
  send(request: HttpRequest, deadline: number): Promise<Outcome>;
  /** Ends the requests under way, as their deadline would, and closes the connections. */
  close(): void;
}

/**
 * Sends again after outages, with exponential backoff and full jitter, as long as the deadline allows, and no more
 * requests at a time than the connection has sockets. An attempt that gets no answer in time makes room for another on
 * a fresh connection, because its own may be dead without knowing it.
 */
export function createRetryingTransport(
  transport: Transport,
  {
    retry,
    url,
    attemptTimeoutMillis,
    maxSockets,
  }: Pick<ResolvedConnection, 'retry' | 'url' | 'attemptTimeoutMillis' | 'maxSockets'>,
  {
    random = Math.random,
    onRetry = () => {},
  }: { random?: () => number /** Called before each repetition. */; onRetry?: (cause: Failure) => void } = {},
): RetryingTransport {
  const slots = createSlots(maxSockets);
  const pauseBefore = (repetitions: number, retryAfterMillis: number | undefined, rest: number): number => {
    const growth = BACKOFF_MULTIPLIER ** Math.min(repetitions, MAX_DOUBLINGS);
    const backoff = random() * Math.min(retry.initialBackoffMillis * growth, retry.maxBackoffMillis);
    // A server that wants no pause at all is not to be overrun.
    const pause = Math.max(backoff, retryAfterMillis ?? 0);
    return rest > LAST_ATTEMPT_MILLIS ? Math.min(pause, rest - LAST_ATTEMPT_MILLIS) : pause;
  };
  let closing = createClosing();
  const attempt = async (request: HttpRequest, isEnded: () => boolean, deadline: number): Promise<HttpResult> => {
    // Waiting for a free socket is no sign of a dead connection, so the time of the attempt begins afterwards.
    if (!(await slots.take(deadline))) return NO_ANSWER_IN_TIME;
    try {
      if (isEnded()) return NO_ANSWER_IN_TIME;
      return await transport.send(request, attemptDeadline(request, deadline, attemptTimeoutMillis));
    } finally {
      slots.free();
    }
  };
  return {
    async send(request, deadline) {
      const own = request.signal;
      const { signal: closed } = closing;
      const isEnded = (): boolean => closed.aborted || own?.aborted === true;
      if (isEnded()) return classify(NO_ANSWER_IN_TIME, url);
      let earlier: Outcome | undefined;
      for (let count = 0; ; count++) {
        const left = deadline - performance.now();
        const result = await attempt(request, isEnded, deadline);
        // What an attempt met that had time says more than that the last one had none.
        if (earlier !== undefined && left < TELLING_MILLIS && isTimeout(result)) return earlier;
        const outcome = classify(result, url);
        earlier = outcome;
        if (outcome.kind !== 'retryable' || count >= retry.maxRetries || !mayRepeat(request, result)) return outcome;
        const rest = deadline - performance.now();
        const pause = pauseBefore(count, outcome.retryAfterMillis, rest);
        if (pause >= rest || isEnded()) return outcome;
        onRetry(outcome);
        await delayUntilEnded(pause, own === undefined ? [closed] : [closed, own]);
        if (isEnded()) return outcome;
      }
    },
    close() {
      closing.abort();
      // What is sent from here on belongs to a later export.
      closing = createClosing();
      transport.close();
    },
  };
}

function createClosing(): AbortController {
  const closing = new AbortController();
  // One listener for each request that waits for its repetition.
  setMaxListeners(0, closing.signal);
  return closing;
}

/** Waits, but no longer than until one of the signals comes. */
async function delayUntilEnded(millis: number, signals: readonly AbortSignal[]): Promise<void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  for (const signal of signals) signal.addEventListener('abort', end);
  await delay(millis, undefined, { signal: ending.signal }).catch(() => {});
  for (const signal of signals) signal.removeEventListener('abort', end);
}

function attemptDeadline({ once = false }: HttpRequest, deadline: number, attemptTimeoutMillis: number): number {
  const now = performance.now();
  if (once || deadline - now < ATTEMPTS_WORTH_LIMITING * attemptTimeoutMillis) return deadline;
  return now + attemptTimeoutMillis;
}

function isTimeout(result: HttpResult): boolean {
  return result.kind === 'no-answer' && result.code === TIMEOUT_CODE;
}

function mayRepeat({ once = false }: HttpRequest, result: HttpResult): boolean {
  if (!once) return true;
  return result.kind === 'answer' ? REFUSED_UNSEEN.has(result.status) : NEVER_SENT.has(result.code ?? '');
}
