import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { HttpClient } from '../http/client.js';
import type { Outcome } from '../http/outcome.js';

const FIRST_VERSION_WITH_OTLP = [3, 4] as const;
const PAUSE_MILLIS = 500;

/**
 * Sends until the answer is about the spans, or the server has no OTLP route in earnest. A load balancer with nothing
 * behind it answers 404 as old servers do, and a short outage must not turn a process to artifacts for good. Status 501
 * is MLflow's own word.
 */
export async function sendByOtlp(send: () => Promise<Outcome>, http: HttpClient, deadline: number): Promise<Outcome> {
  let isSuspect = false;
  for (;;) {
    const outcome = await send();
    if (outcome.kind !== 'unsupported' || outcome.status === 501) return outcome;
    const verdict = await examine(http, deadline);
    // An outage may end between two requests, so that a suspicion must hold twice.
    if (verdict === 'old' || (verdict === 'suspect' && isSuspect)) return outcome;
    isSuspect = verdict === 'suspect';
    if (performance.now() + PAUSE_MILLIS >= deadline) return { ...outcome, kind: 'retryable' };
    await delay(PAUSE_MILLIS);
  }
}

/** By the server's version; where only MLflow's API is let through, by answering there. An outage answers neither. */
async function examine(http: HttpClient, deadline: number): Promise<'old' | 'suspect' | 'outage'> {
  const version = await http.send({ method: 'GET', path: '/version' }, deadline);
  const [, major, minor] = version.kind === 'success' ? (/^\s*(\d+)\.(\d+)\./.exec(version.body) ?? []) : [];
  if (major !== undefined) {
    const [firstMajor, firstMinor] = FIRST_VERSION_WITH_OTLP;
    const isOld = Number(major) < firstMajor || (Number(major) === firstMajor && Number(minor) < firstMinor);
    return isOld ? 'old' : 'outage';
  }
  const path = '/api/2.0/mlflow/experiments/search?max_results=1';
  const api = await http.send({ method: 'GET', path }, deadline);
  const isApi = api.kind === 'success' && /json/i.test(api.contentType);
  return isApi ? 'suspect' : 'outage';
}
