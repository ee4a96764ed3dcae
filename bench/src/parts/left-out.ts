/** Beside part 1: what the time is spent on that tracing adds to a call, by leaving out one part after the other. */

import { askOnce } from '../child.js';
import type { Part } from '../part.js';
import { type Case, isStream, OPERATIONS, type Operation } from '../requests.js';
import { bootstrap, type Estimate, median, medianOfMeans } from '../statistics.js';
import type { Cell } from '../table.js';
import type { Variant } from '../variants.js';
import { casesOf, SHORT_STREAM } from './calls.js';

export interface LeftOutJob {
  readonly variant: Variant;
  /** False where the variant is measured as it is only: replacing functions keeps V8 from compiling calls of them into one. */
  readonly leavesOut: boolean;
  readonly case: Case;
  readonly warmUpSeconds: number;
  readonly turns: number;
  /** In each turn, with each part left out. */
  readonly calls: number;
}

/** Microseconds of a call in each turn: without tracing (`none`), by the variant, and by it without the part named. */
export type LeftOutReply = Readonly<Record<string, readonly number[]>>;

const COMPARED: readonly Variant[] = [
  'ours',
  'least',
  'least, content off',
  'openinference',
  'contrib aws-sdk',
  'ours, unsampled',
  'least, unsampled',
  'traceloop',
  'traceloop, content off',
];
const EFFORT = { warmUpSeconds: 12, turns: 200, calls: 12 };

export const leftOut: Part = {
  name: 'left-out',
  title: 'What it is spent on',
  isLeftOutOfShort: true,
  run: async ({ folder, log }) => {
    // One after the other: it is wall time.
    const columns: Column[] = [];
    for (const operation of OPERATIONS) {
      log(operation);
      columns.push(await columnOf(operation, folder));
    }
    const names = [...(columns[0]?.keys() ?? [])];
    const table = {
      title: `µs of wall time of a call, at the same speed; streams of ${SHORT_STREAM} chunks`,
      columns: ['', ...OPERATIONS],
      rows: names.map((name): Cell[] => [name, ...columns.map((column) => column.get(name))]),
    };
    return { tables: [table], targets: [] };
  },
};

/** By row; undefined what is not to be had for the operation. */
type Column = Map<string, Estimate | undefined>;

async function columnOf(operation: Operation, folder: string): Promise<Column> {
  const [measured] = await casesOf(operation, folder);
  const ask = (variant: Variant, leavesOut: boolean): Promise<LeftOutReply> =>
    askOnce<LeftOutReply>('left-out', { ...EFFORT, variant, leavesOut, case: measured as Case } satisfies LeftOutJob);
  const replies = new Map<Variant, LeftOutReply>();
  for (const variant of COMPARED) {
    // Its tokens are right for that operation only.
    const isCompared = !variant.startsWith('traceloop') || operation === 'InvokeModel';
    if (isCompared) replies.set(variant, await ask(variant, false));
  }
  const parts = await ask('ours', true);
  // A shared machine may run one process at half the speed of another.
  const usual = median([...replies.values(), parts].map(untracedOf));
  const column: Column = new Map();
  for (const variant of COMPARED) {
    const times = replies.get(variant);
    column.set(`added by ${variant}`, times && difference(times, variant, 'none', usual));
  }
  for (const name of Object.keys(parts)) {
    if (name === 'none' || name === 'ours') continue;
    const isPart = isStream(operation) || !name.startsWith('(b)');
    column.set(`less without ${name}`, isPart ? difference(parts, 'ours', name, usual) : undefined);
  }
  return column;
}

function untracedOf({ none = [] }: LeftOutReply): number {
  return medianOfMeans([none], (time) => time);
}

/** @param usual what a call takes without tracing, at the speed to which all processes are brought. */
function difference(times: LeftOutReply, name: string, other: string, usual: number): Estimate {
  const factor = usual / untracedOf(times);
  const turns = times[name]?.map((time, turn) => (time - (times[other]?.[turn] as number)) * factor) ?? [];
  return bootstrap([turns], (rounds) => medianOfMeans(rounds, (added) => added));
}
