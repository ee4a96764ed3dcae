/** Whose code runs in a call that is traced, by Node's own profiler. */

import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { serve } from '../child.js';
import { ORIGINS, type Origin, type ProfileJob, type ProfileReply } from '../parts/profile.js';
import { createCaller } from './client.js';
import { startTracing } from './tracing.js';

const job = JSON.parse(process.argv[2] ?? '') as ProfileJob;

const { inActiveSpan } = startTracing(job.variant, () => {});
const { call } = createCaller(job.case);

serve<object, ProfileReply>(async () => {
  await callAll(job.warmUpCalls);
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 100 });
  await session.post('Profiler.start');
  await callAll(job.calls);
  return selfTimes((await session.post('Profiler.stop')).profile);
});

function callAll(calls: number): Promise<void> {
  return inActiveSpan(async () => {
    for (let done = 0; done < calls; done++) await call();
  });
}

/** Microseconds of each call, by the file of the innermost function. */
function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): ProfileReply {
  const origins = new Map(nodes.map(({ id, callFrame }) => [id, originOf(callFrame)]));
  const times = Object.fromEntries(ORIGINS.map((origin) => [origin, 0])) as Record<Origin, number>;
  for (const [at, id] of samples.entries()) {
    const origin = origins.get(id);
    if (origin) times[origin] += (timeDeltas[at] ?? 0) / job.calls;
  }
  return times;
}

/** Undefined for what runs without tracing, too. */
function originOf({ url }: Pick<Profiler.Profile['nodes'][number]['callFrame'], 'url'>): Origin | undefined {
  if (url.includes('openinference')) return 'its other code';
  const own = /packages\/instrumentation-bedrock\/dist\/cjs\/(.*)\.js$/.exec(url)?.[1];
  if (own === undefined) return url.includes('@opentelemetry/') ? 'OpenTelemetry' : undefined;
  if (/^(apis|dialects)\/|^(json|usage)$/.test(own)) return 'reading request and answer';
  if (/^(span-recorder|attributes|chat-view|messages|content)$/.test(own)) return 'writing attributes and content';
  if (/^(transport|exchange)$/.test(own)) return 'watching the HTTP exchange';
  return own === 'stream' ? 'watching the stream' : 'its other code';
}
