import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome } from './response.js';
import type { Transport } from './transport.js';

const FIRST_VERSION_WITH_OTLP = [3, 4] as const;
const PAUSE_MILLIS = 500;

/**
 * Sends until the answer is about the spans, or the server has no OTLP route in earnest. A load balancer with nothing
 * behind it answers 404 as old servers do, and a short outage must not turn a process to artifacts for good: what the
 * server says of its version tells the two apart. Status 501 is MLflow's own word.
 */
export async function sendByOtlp(
  send: () => Promise<Outcome>,
  transport: Transport,
  deadline: number,
): Promise<Outcome> {
  for (;;) {
    const outcome = await send();
    if (outcome.kind !== 'unsupported' || outcome.status === 501) return outcome;
    if (!(await hasOtlp(transport, deadline))) return outcome;
    if (performance.now() + PAUSE_MILLIS >= deadline) return { ...outcome, kind: 'retryable' };
    await delay(PAUSE_MILLIS);
  }
}

async function hasOtlp(transport: Transport, deadline: number): Promise<boolean> {
  const answer = await transport.send({ method: 'GET', path: '/version' }, deadline);
  if (answer.kind !== 'answer' || answer.status !== 200) return false;
  const [, major, minor] = /^\s*(\d+)\.(\d+)\./.exec(answer.body) ?? [];
  if (major === undefined) return false;
  const [firstMajor, firstMinor] = FIRST_VERSION_WITH_OTLP;
  return Number(major) > firstMajor || (Number(major) === firstMajor && Number(minor) >= firstMinor);
}
