import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { ResolvedConnection } from './connection.js';
import { PROXY_UNAVAILABLE_CODE } from './proxy.js';
import { classify } from './response.js';
import { type HttpRequest, type HttpResult, NO_CREDENTIALS_CODE, type Transport } from './transport.js';

const BACKOFF_MULTIPLIER = 2;
// With less time left an attempt fails for that, and hides why the one before it failed.
const MIN_ATTEMPT_MILLIS = 20;
// The connection was never made, so that not even a request that must not be repeated can have had an effect.
const NEVER_SENT = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...[PROXY_UNAVAILABLE_CODE, NO_CREDENTIALS_CODE],
]);
const REFUSED_UNSEEN = new Set([429, 503]);

/** Sends again after outages, with exponential backoff and full jitter, as long as the deadline allows. */
export function createRetryingTransport(
  transport: Transport,
  { retry, url }: Pick<ResolvedConnection, 'retry' | 'url'>,
  random: () => number = Math.random,
): Transport {
  const pauseAfter = (result: HttpResult, attempt: number): number | undefined => {
    const outcome = classify(result, url);
    if (outcome.kind !== 'retryable') return undefined;
    const ceiling = Math.min(retry.initialBackoffMillis * BACKOFF_MULTIPLIER ** attempt, retry.maxBackoffMillis);
    return outcome.retryAfterMillis ?? random() * ceiling;
  };
  return {
    async send(request, deadline) {
      for (let attempt = 0; ; attempt++) {
        const result = await transport.send(request, deadline);
        if (attempt >= retry.maxRetries || !mayRepeat(request, result)) return result;
        const pause = pauseAfter(result, attempt);
        if (pause === undefined || performance.now() + pause + MIN_ATTEMPT_MILLIS > deadline) return result;
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
