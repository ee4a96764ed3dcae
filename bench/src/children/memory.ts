/** Memory that one instrumentation keeps or allocates. Needs `--expose-gc`. */

import { Readable } from 'node:stream';
import { serve } from '../child.js';
import type { MemoryJob } from '../parts/memory.js';
import { createCaller } from './client.js';
import { type BenchSpan, startTracing } from './tracing.js';

const job = JSON.parse(process.argv[2] ?? '') as MemoryJob;
const kept: unknown[] = [];
let isKeeping = false;

const { inActiveSpan, use } = startTracing([job.variant], (batch: readonly BenchSpan[]) => {
  if (isKeeping) kept.push(...batch);
});
use(job.variant);
// An open stream: the bytes have come, the end has not.
const openBody = (bytes: Buffer): Readable =>
  Readable.from(
    (async function* () {
      yield bytes;
      await new Promise(() => {});
    })(),
  );
const { call } = createCaller(job.case);
const { open } = createCaller(job.case, openBody);

serve(() =>
  inActiveSpan(async () => {
    for (let count = 0; count < job.warmUpCalls; count++) await call();
    return { open: openStreams, span: finishedSpans, allocation: allocated }[job.kind]();
  }),
);

/** Bytes kept for each stream of which all but the end has been read. */
async function openStreams(): Promise<number> {
  // The first ones compile code and fill caches, which are kept once and not for each stream.
  await openAndRead(2);
  const before = await retained();
  await openAndRead(job.count);
  return ((await retained()) - before) / job.count;
}

async function openAndRead(streams: number): Promise<void> {
  for (let stream = 0; stream < streams; stream++) {
    const iterator = (await open())[Symbol.asyncIterator]();
    for (let chunk = 0; chunk < job.chunks; chunk++) await iterator.next();
    kept.push(iterator);
  }
}

/** Bytes kept for each call whose span an exporter holds. */
async function finishedSpans(): Promise<number> {
  isKeeping = true;
  const before = await retained();
  for (let count = 0; count < job.count; count++) await call();
  return ((await retained()) - before) / job.count;
}

/** Bytes that a call allocates on the heap. The young generation is so large that nothing is collected meanwhile. */
async function allocated(): Promise<number> {
  const before = await retained();
  for (let count = 0; count < job.count; count++) await call();
  return (process.memoryUsage().heapUsed + process.memoryUsage().external - before) / job.count;
}

async function retained(): Promise<number> {
  // Buffers are freed on another thread after a collection; and the batch processor's timer empties its queue.
  for (let pass = 0; pass < 3; pass++) {
    await new Promise((done) => setTimeout(done, 60));
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
