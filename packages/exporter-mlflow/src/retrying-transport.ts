import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { ResolvedConnection } from './connection.js';
import { classify } from './response.js';
import type { HttpRequest, HttpResult, Transport } from './transport.js';

const BACKOFF_MULTIPLIER = 2;
// Enough to reach any longest pause, and far from where numbers become infinite.
const MAX_DOUBLINGS = 30;
// A server may be back just before the deadline: the last attempt is made this long before it, not up to a pause.
const LAST_ATTEMPT_MILLIS = 2_000;
// The connection was never made, so that not even a request that must not be repeated can have had an effect.
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const REFUSED_UNSEEN = new Set([429, 503]);

/** Sends again after outages, with exponential backoff and full jitter, as long as the deadline allows. */
export function createRetryingTransport(
  transport: Transport,
  { retry, url }: Pick<ResolvedConnection, 'retry' | 'url'>,
  random: () => number = Math.random,
): Transport {
  const pauseAfter = (result: HttpResult, attempt: number, left: number): number | undefined => {
    const outcome = classify(result, url);
    if (outcome.kind !== 'retryable') return undefined;
    if (outcome.retryAfterMillis !== undefined) return outcome.retryAfterMillis;
    const growth = BACKOFF_MULTIPLIER ** Math.min(attempt, MAX_DOUBLINGS);
    const pause = random() * Math.min(retry.initialBackoffMillis * growth, retry.maxBackoffMillis);
    return left > LAST_ATTEMPT_MILLIS ? Math.min(pause, left - LAST_ATTEMPT_MILLIS) : pause;
  };
  return {
    async send(request, deadline) {
      for (let attempt = 0; ; attempt++) {
        const result = await transport.send(request, deadline);
        if (attempt >= retry.maxRetries || !mayRepeat(request, result)) return result;
        const left = deadline - performance.now();
        const pause = pauseAfter(result, attempt, left);
        if (pause === undefined || pause >= left) return result;
        await delay(pause);
      }
    },
    close: () => transport.close(),
  };
}

function mayRepeat({ once = false }: HttpRequest, result: HttpResult): boolean {
  if (!once) return true;
  return result.kind === 'answer' ? REFUSED_UNSEEN.has(result.status) : NEVER_SENT.has(result.code ?? '');
}
