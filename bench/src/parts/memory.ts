/** Part 2: memory kept by open streams and finished spans, and allocated by calls. */

import { readFileSync } from 'node:fs';
import { askOnce, inPairs } from '../child.js';
import type { Bench, Part } from '../part.js';
import { type Answer, type Case, OPERATIONS, type Operation, recordAnswer } from '../requests.js';
import type { Table } from '../table.js';
import { type Variant, withoutLesserPeers } from '../variants.js';

export interface MemoryJob {
  readonly variant: Variant;
  readonly kind: 'open' | 'span' | 'allocation';
  readonly case: Case;
  /** Streams or calls that are measured. */
  readonly count: number;
  /** Chunks that are read of an open stream. */
  readonly chunks: number;
  readonly warmUpCalls: number;
}

const VARIANTS: readonly Variant[] = [
  'ours',
  'ours, chunk events',
  'ours, content off',
  'traceloop',
  'openinference',
  'contrib aws-sdk',
];
/** Both with the same ends: the targets are about the growth between them. */
const CHUNKS = { short: [200, 50_000], thorough: [200, 2_000, 10_000, 50_000] } as const;
/** Whose spans and allocations are measured. */
const CALLED = { short: ['Converse', 'ConverseStream'], thorough: OPERATIONS } as const;
/** Chunks that are read in each process, over all its streams. */
const CHUNKS_IN_ALL = 50_000;
const NODE_OPTIONS: readonly string[] = ['--expose-gc', '--min-semi-space-size=1024', '--max-semi-space-size=1024'];
/** KiB; less is what the measurement scatters. */
const CONSTANT = 32;
const KIB = 1024;

type Samples = ReadonlyMap<Variant, number>;

export const memory: Part = {
  name: 'memory',
  title: 'Memory',
  run: async (bench) => {
    const open = await openStreams(bench);
    const rest = [await measureCalls('span', bench), await measureCalls('allocation', bench)];
    const growth = (variant: Variant): number =>
      (open.samples.at(-1)?.get(variant) ?? 0) - (open.samples[0]?.get(variant) ?? 0);
    const text = (open.text.at(-1) ?? 0) - (open.text[0] ?? 0);
    const range = `${CHUNKS.short[0]} to ${CHUNKS.short[1]} chunks`;
    return {
      tables: [open.table, ...rest],
      targets: [
        {
          what: `Open stream, growth from ${range}: ours, content off, KiB`,
          value: growth('ours, content off'),
          limit: CONSTANT,
          kind: 'most',
        },
        {
          what: `Open stream, growth from ${range}: ours, beyond the text of the answer, KiB`,
          value: growth('ours') - text,
          limit: CONSTANT,
          kind: 'most',
        },
      ],
    };
  },
};

async function openStreams(bench: Bench): Promise<{ table: Table; samples: Samples[]; text: number[] }> {
  // Traceloop reads the whole stream before it hands it on.
  const variants = variantsOf(bench).filter((variant) => variant !== 'traceloop');
  const chunks: readonly number[] = bench.thorough ? CHUNKS.thorough : CHUNKS.short;
  const samples: Samples[] = [];
  const text: number[] = [];
  for (const count of chunks) {
    bench.log(`Open streams of ${count} chunks`);
    const answer = await recordAnswer(bench.folder, 'ConverseStream', count);
    const one: Case = { name: 'open', operation: 'ConverseStream', request: {}, answer };
    text.push(textOf(answer) / KIB);
    const streams = Math.max(3, Math.min(100, CHUNKS_IN_ALL / count));
    const job = { kind: 'open', case: one, count: streams, chunks: count, warmUpCalls: count > 2_000 ? 1 : 5 } as const;
    samples.push(await measure(job, variants));
  }
  const table = {
    title: 'KiB kept for an open ConverseStream, by the chunks read of it (over no instrumentation)',
    columns: ['', ...chunks.map((count) => count.toLocaleString('en-US'))],
    rows: [
      ...variants.map((variant) => [variant, ...samples.map((of) => of.get(variant))]),
      ['text of the answer', ...text],
    ],
  };
  return { table, samples, text };
}

/** Characters of a recorded stream's text. */
function textOf(file: string): number {
  const { body } = JSON.parse(readFileSync(file, 'utf8')) as Answer;
  const pieces = Buffer.from(body, 'base64')
    .toString('latin1')
    .matchAll(/"text":"((?:[^"\\]|\\.)*)"/g);
  return [...pieces].reduce((sum, [, piece = '']) => sum + piece.length, 0);
}

async function measureCalls(kind: 'span' | 'allocation', bench: Bench): Promise<Table> {
  const title = {
    span: 'KiB kept for a finished span (over no instrumentation)',
    allocation: 'KiB allocated by a call (over no instrumentation)',
  }[kind];
  bench.log(title);
  const variants = variantsOf(bench);
  const operations: readonly Operation[] = bench.thorough ? CALLED.thorough : CALLED.short;
  const samples: Samples[] = [];
  for (const operation of operations) {
    const answer = await recordAnswer(bench.folder, operation, 20);
    const one: Case = { name: operation, operation, request: {}, answer };
    const job = { kind, case: one, count: 200, chunks: 0, warmUpCalls: 100 };
    samples.push(await measure(job, variants));
  }
  return {
    title: `${title}; streams of 20 chunks`,
    columns: ['', ...operations],
    rows: variants.map((variant) => [variant, ...samples.map((of) => of.get(variant))]),
  };
}

function variantsOf({ thorough }: Bench): readonly Variant[] {
  return thorough ? VARIANTS : withoutLesserPeers(VARIANTS);
}

/** KiB over no instrumentation, measured once: it depends on no other program. */
async function measure(job: Omit<MemoryJob, 'variant'>, variants: readonly Variant[]): Promise<Samples> {
  const kib = async (variant: Variant): Promise<number> =>
    (await askOnce<number>('memory', { ...job, variant } satisfies MemoryJob, { nodeOptions: NODE_OPTIONS })) / KIB;
  const [none, ...others] = await inPairs(['none', ...variants], kib);
  return new Map(variants.map((variant, index) => [variant, (others[index] as number) - (none as number)]));
}
