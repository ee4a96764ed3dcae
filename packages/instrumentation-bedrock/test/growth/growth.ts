/** Asserts that reading a stream takes work in proportion to its length. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { StreamWork } from './child.js';

/** Twice the chunks are twice the work. The rest is for work that depends on sizes in steps, such as of hash tables. */
const MAX_RATIO = 2.3;
/** V8 keeps objects in a larger form after some thousand different sets of names. A copy of all chunks triples the bytes. */
const MAX_RATIO_OF_BYTES = 2.8;
/**
 * For each chunk. More than what any chunk takes. A model call in a flow takes the most: it becomes a span, and its model
 * id is tried with the pattern of every dialect. The limits leave room for more dialects.
 */
const MAX_BLOCKS = 2_500;
const MAX_ITEMS = 3_000;
const MAX_BYTES = 60_000;
/** In bytes for each chunk. Samples of less are too few for a ratio. A copy of all earlier chunks takes more. */
const FEW_BYTES = 2_000;

/**
 * @param length how many chunks the shorter of two streams has.
 * @param options `isLong` counts allocated bytes and calls through the client, too.
 */
export async function expectLinearWork(length: number, { isLong = false } = {}): Promise<void> {
  const child = fileURLToPath(new URL('child.ts', import.meta.url));
  const args = ['--import', 'tsx', child, String(length), ...(isLong ? ['long'] : [])];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 });
  const streams = stdout.split('\n').filter((line) => line !== '');
  const faults = streams.flatMap((line) => faultsOf(JSON.parse(line) as StreamWork));
  expect(streams).to.have.length.above(150);
  expect(faults).to.deep.equal([]);
}

function faultsOf({ name, length, work: [once, twice] }: StreamWork): string[] {
  const limits = { blocks: MAX_BLOCKS, items: MAX_ITEMS, bytes: MAX_BYTES } as const;
  return (['blocks', 'items', 'bytes'] as const).flatMap((kind) => {
    const perChunk = twice[kind] / (2 * length);
    const ratio = twice[kind] / once[kind];
    if (perChunk > limits[kind]) return [`${name}: ${Math.round(perChunk)} ${kind} for each chunk`];
    const isFew = kind === 'bytes' ? perChunk < FEW_BYTES : perChunk < 1;
    const maxRatio = kind === 'bytes' ? MAX_RATIO_OF_BYTES : MAX_RATIO;
    return ratio <= maxRatio || isFew ? [] : [`${name}: ${ratio.toFixed(2)} times the ${kind} for twice the chunks`];
  });
}
