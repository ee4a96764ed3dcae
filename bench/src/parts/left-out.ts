/** Beside part 1: what the time is spent on that tracing adds to a call, by leaving out one part after the other. */

import { askOnce } from '../child.js';
import type { Part } from '../part.js';
import { type Case, caseOf, isStream, OPERATIONS, type Operation, STREAM_CHUNKS } from '../requests.js';
import { bootstrap, type Estimate, medianOfMeans } from '../statistics.js';
import type { Cell } from '../table.js';
import type { Variant } from '../variants.js';

export interface LeftOutJob {
  /** Take turns, with calls without any. */
  readonly variants: readonly Variant[];
  /** Whether `ours`, which must be among them, is measured without each of its parts as well. */
  readonly leavesOut: boolean;
  readonly case: Case;
  readonly warmUpSeconds: number;
  readonly turns: number;
  /** Of each in a turn. */
  readonly calls: number;
}

/** Microseconds of a call in each turn: without tracing (`none`), by the variant, and by it without the part named. */
export type LeftOutReply = Readonly<Record<string, readonly number[]>>;

const COMPARED: readonly Variant[] = [
  'ours',
  'ours, content off',
  'ours, unsampled',
  'least',
  'least, content off',
  'least, unsampled',
  'least of ours',
  'least of ours, content off',
  'openinference',
  'contrib aws-sdk',
  'traceloop',
  'traceloop, content off',
];
const EFFORT = { warmUpSeconds: 25, turns: 150, calls: 12 };

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
      title: `µs of wall time of a call; streams of ${STREAM_CHUNKS} chunks`,
      columns: ['', ...OPERATIONS],
      rows: names.map((name): Cell[] => [name, ...columns.map((column) => column.get(name))]),
    };
    return { tables: [table], targets: [] };
  },
};

/** By row; undefined what is not to be had for the operation. */
type Column = Map<string, Estimate | undefined>;

async function columnOf(operation: Operation, folder: string): Promise<Column> {
  const measured = await caseOf(operation, folder);
  const ask = (variants: readonly Variant[], leavesOut: boolean): Promise<LeftOutReply> =>
    askOnce<LeftOutReply>('left-out', { ...EFFORT, variants, leavesOut, case: measured } satisfies LeftOutJob);
  // Its tokens are right for that operation only.
  const compared = COMPARED.filter((variant) => operation === 'InvokeModel' || !variant.startsWith('traceloop'));
  const whole = await ask(compared, false);
  // In a process of their own: replacing functions keeps V8 from compiling calls of them into one.
  const parts = await ask(['ours'], true);
  const column: Column = new Map();
  for (const variant of COMPARED) {
    column.set(`added by ${variant}`, whole[variant] && difference(whole, variant, 'none'));
  }
  for (const name of Object.keys(parts)) {
    if (name === 'none' || name === 'ours') continue;
    const isPart = isStream(operation) || !name.startsWith('(b)');
    column.set(`less without ${name}`, isPart ? difference(parts, 'ours', name) : undefined);
  }
  return column;
}

function difference(times: LeftOutReply, name: string, other: string): Estimate {
  const turns = times[name]?.map((time, turn) => time - (times[other]?.[turn] as number)) ?? [];
  return bootstrap([turns], (rounds) => medianOfMeans(rounds, (added) => added));
}
