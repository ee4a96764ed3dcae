import { createRoom, type Room } from '../common/room.js';
import { runningTime } from '../common/running-time.js';
import type { Show } from '../common/shown-text.js';
import { pause } from '../common/waiting.js';
import type { ResolvedConnection } from './connection.js';
import { classify, type Failure, isInternalError, type Outcome } from './exchange/outcome.js';
import type { HttpRequest } from './exchange/request.js';
import {
  CONNECT_TIMEOUT_CODE,
  type HttpResult,
  NO_ANSWER_IN_TIME,
  NO_CREDENTIALS_CODE,
  PROXY_UNAVAILABLE_CODE,
  TIMEOUT_CODE,
} from './exchange/result.js';
import type { Transport } from './transport.js';

const BACKOFF_MULTIPLIER = 2;
// The server may be back just before the deadline, so the last pause ends this long before it.
const LAST_ATTEMPT_MILLIS = 2_000;
// An attempt gets all the time that is left unless another attempt of the same length could follow it.
const ATTEMPTS_WORTH_LIMITING = 2;
const LOOK_MILLIS = 500;
const MAX_REPETITIONS_AT_FAULT = 1;
// A frozen function does not notice that the server, or a router on the way, dropped its idle connections.
const LONGEST_IDLE_MILLIS = 10_000;
// Errors that occur before a request is sent.
const NEVER_SENT_CODES = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...[CONNECT_TIMEOUT_CODE, PROXY_UNAVAILABLE_CODE, NO_CREDENTIALS_CODE],
]);
// Statuses with which a server turns a request away unread.
const TURNED_AWAY_STATUSES = new Set([429, 503]);

type OnRetry = (cause: Failure, millis: number) => void;

/** Sends requests, again after outages, and classifies the answers. */
export interface RetryingTransport {
  /**
   * Sends the request until it succeeds or fails for good, at most until `deadline` on the clock of
   * `runningTime()`. Never throws. This is the only place where an answer is classified.
   *
   * @param onRetry called before each repetition, with the time of the failed attempt in milliseconds. Default: nothing.
   */
  send(request: HttpRequest, deadline: number, onRetry?: OnRetry): Promise<Outcome>;
  /** Ends the requests under way, as their deadline would, and closes the connections. */
  close(): void;
}

interface RetryOptions {
  random?: () => number;
  now?: () => number;
}

type RetrySettings = Pick<
  ResolvedConnection,
  'retry' | 'url' | 'name' | 'attemptTimeoutMillis' | 'maxSockets' | 'explain' | 'unknownHost'
> & {
  show: Show;
};

/**
 * Adds repetitions to a transport. The rule: a request that met an outage is sent again after a pause that ends before the
 * deadline, unless repeating it could do harm.
 *
 * Pauses grow exponentially with full jitter. No more requests are under way than the connection has sockets. An attempt
 * without an answer in time ends, because its connection may be dead; the next one uses another connection.
 *
 * @param options `random`: a number from 0 to 1. `now`: the clock of deadlines.
 */
export function createRetryingTransport(
  transport: Transport,
  settings: RetrySettings,
  { random = Math.random, now = runningTime }: RetryOptions = {},
): RetryingTransport {
  const { retry, maxSockets } = settings;
  const sockets = createRoom(maxSockets);
  const underWay = new Set<AbortController>();
  let lastUse = Date.now();

  const sendUntil = async (
    request: HttpRequest,
    deadline: number,
    ended: AbortSignal,
    onRetry: OnRetry,
  ): Promise<Outcome> => {
    let earlier: Outcome | undefined;
    const suspendedMillis = (): number => Date.now() - now();
    let suspendedBefore = suspendedMillis();
    let backoff = Math.min(retry.initialBackoffMillis, retry.maxBackoffMillis);
    for (let repetitions = 0; ; repetitions++) {
      const { result, millis } = await attempt(
        { transport, sockets, settings, now },
        { ...request, signal: ended },
        deadline,
      );
      const outcome = classify(result, settings, request);
      // An attempt that was cut short says less about the server than the failure before it.
      const isCutShort = isTimeout(result) && millis < settings.attemptTimeoutMillis;
      const telling: Outcome = earlier !== undefined && isCutShort ? earlier : outcome;
      const isAtFault = request.mayBeAtFault && isInternalError(outcome) && repetitions >= MAX_REPETITIONS_AT_FAULT;
      if (outcome.kind !== 'retryable' || repetitions >= retry.maxRetries || isAtFault || !mayRepeat(request, result))
        return telling;

      const rest = deadline - now();
      // A server that asks for a pause of 0 s still gets the usual pause.
      const wanted = Math.max(random() * backoff, outcome.retryAfterMillis ?? 0);
      const pauseMillis = rest > LAST_ATTEMPT_MILLIS ? Math.min(wanted, rest - LAST_ATTEMPT_MILLIS) : wanted;
      if (pauseMillis >= rest || ended.aborted) return telling;
      onRetry(outcome, millis);
      await pause(pauseMillis, ended);
      if (ended.aborted) return telling;
      backoff = Math.min(backoff * BACKOFF_MULTIPLIER, retry.maxBackoffMillis);
      earlier = telling;
      // Connections die unnoticed while the process is suspended, idle ones too.
      if (suspendedMillis() - suspendedBefore > LOOK_MILLIS) {
        transport.renew();
        suspendedBefore = suspendedMillis();
      }
    }
  };

  return {
    async send(request, deadline, onRetry = () => {}) {
      const ending = new AbortController();
      const end = (): void => ending.abort();
      if (underWay.size === 0 && Date.now() - lastUse > LONGEST_IDLE_MILLIS) transport.renew();
      underWay.add(ending);
      request.signal?.addEventListener('abort', end);
      if (request.signal?.aborted) end();
      try {
        return await sendUntil(request, deadline, ending.signal, onRetry);
      } finally {
        underWay.delete(ending);
        lastUse = Date.now();
        request.signal?.removeEventListener('abort', end);
      }
    },
    close() {
      for (const ending of underWay) ending.abort();
      transport.close();
    },
  };
}

interface AttemptParts {
  transport: Transport;
  sockets: Room;
  settings: RetrySettings;
  now: () => number;
}

/** Sends the request once. The time of the attempt begins when a socket is free, since waiting is no sign of an outage. */
async function attempt(
  { transport, sockets, settings, now }: AttemptParts,
  request: HttpRequest & { signal: AbortSignal },
  deadline: number,
): Promise<{ result: HttpResult; millis: number }> {
  if (!(await sockets.take(1, deadline))) return { result: NO_ANSWER_IN_TIME, millis: 0 };
  let forget = (): void => {};
  const begin = now();
  const withTime = (result: HttpResult): { result: HttpResult; millis: number } => ({ result, millis: now() - begin });
  try {
    if (request.signal.aborted) return withTime(NO_ANSWER_IN_TIME);
    const { attemptTimeoutMillis } = settings;
    const takesAll = request.once || deadline - begin < ATTEMPTS_WORTH_LIMITING * attemptTimeoutMillis;
    const end = takesAll ? deadline : begin + attemptTimeoutMillis;
    if (request.once) return withTime(await transport.send(request, end));
    const outlasted = new AbortController();
    forget = whenOutlasted(end - begin, () => outlasted.abort());
    const signal = AbortSignal.any([request.signal, outlasted.signal]);
    return withTime(await transport.send({ ...request, signal }, end));
  } finally {
    forget();
    sockets.free(1);
  }
}

/**
 * Calls back if a suspension of the process outlasts an attempt of this length. The connection is probably dead then, but
 * the clock of the deadline stood still. Time of day goes on during any suspension, unlike the clock of timers.
 */
function whenOutlasted(millis: number, callback: () => void): () => void {
  const end = Date.now() + millis;
  let isOver = false;
  const timer = setInterval(() => {
    // An answer that arrived during the suspension is read between two looks.
    if (isOver) callback();
    isOver = Date.now() > end;
  }, LOOK_MILLIS);
  return () => clearInterval(timer);
}

function isTimeout(result: HttpResult): boolean {
  return result.kind === 'no-answer' && result.code === TIMEOUT_CODE;
}

function mayRepeat({ once = false }: HttpRequest, result: HttpResult): boolean {
  if (!once) return true;
  return result.kind === 'answer' ? TURNED_AWAY_STATUSES.has(result.status) : NEVER_SENT_CODES.has(result.code ?? '');
}
