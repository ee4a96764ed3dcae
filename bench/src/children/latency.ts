/** What an application sees of a stream, in wall time. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { serve } from '../child.js';
import type { LatencyJob, LatencyReply } from '../parts/latency.js';
import { createCaller } from './client.js';
import { startTracing } from './tracing.js';

const job = JSON.parse(process.argv[2] ?? '') as LatencyJob;
startTracing([job.variant], () => {}).use(job.variant);
const { call, open } = createCaller(job.case, (bytes) => Readable.from(paced(bytes)));

serve<object, LatencyReply>(async () => {
  // Connections and compiled code, as in a program that has run for a while.
  await Promise.all(Array.from({ length: 20 }, call));
  const reply: LatencyReply = { firstChunk: [], betweenChunks: [], loopDelay: [] };
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  if (job.concurrent) await Promise.all(Array.from({ length: job.streams }, call));
  else for (let stream = 0; stream < job.streams; stream++) await readOne(reply);
  loop.disable();
  for (const share of [50, 99, 100]) reply.loopDelay.push(loop.percentile(share) / 1e6);
  return reply;
});

async function readOne({ firstChunk, betweenChunks }: LatencyReply): Promise<void> {
  let last = performance.now();
  let isFirst = true;
  for await (const _event of await open()) {
    const now = performance.now();
    (isFirst ? firstChunk : betweenChunks).push(now - last);
    isFirst = false;
    last = now;
  }
}

/** One frame at a time; the first four bytes of a frame are its length. */
async function* paced(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.byteLength; ) {
    const end = start + bytes.readUInt32BE(start);
    yield bytes.subarray(start, end);
    start = end;
    await wait(job.intervalMilliseconds);
  }
}
