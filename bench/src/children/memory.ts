/** Measures the memory that open streams keep. Needs `--expose-gc`. */

import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { finish, readJob } from '../child.js';
import type { MemoryJob } from '../memory.js';
import { createApplication } from './application.js';
import { startTracing } from './tracing.js';

const { variant, answer, streams, chunks } = await readJob<MemoryJob>();
const { use, inActiveSpan } = startTracing(variant === 'none' ? [] : [variant], () => {});
use(variant);
/** All bytes have arrived, but the response has not ended. */
const { open } = createApplication(answer, (bytes) =>
  Readable.from(
    (async function* () {
      yield bytes;
      await new Promise(() => {});
    })(),
  ),
);
const kept: unknown[] = [];
await inActiveSpan(async () => {
  // The first streams compile code and fill caches.
  await openAndRead(2);
  const before = await retainedBytes();
  await openAndRead(streams);
  finish(((await retainedBytes()) - before) / streams);
});

async function openAndRead(count: number): Promise<void> {
  for (let stream = 0; stream < count; stream++) {
    const iterator = (await open())[Symbol.asyncIterator]();
    for (let chunk = 0; chunk < chunks; chunk++) await iterator.next();
    kept.push(iterator);
  }
}

async function retainedBytes(): Promise<number> {
  // Node.js frees buffers on another thread after a collection.
  for (let pass = 0; pass < 3; pass++) {
    await delay(60);
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
