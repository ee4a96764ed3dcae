/** Beside part 1: what the time is spent on that tracing adds to a call, by leaving out one part after the other. */

import { askOnce, inPairs } from '../child.js';
import type { Part } from '../part.js';
import { type Case, OPERATIONS, type Operation } from '../requests.js';
import { bootstrap, type Estimate, medianOfMeans } from '../statistics.js';
import type { Cell } from '../table.js';
import type { Variant } from '../variants.js';
import { casesOf, SHORT_STREAM } from './calls.js';

export interface LeftOutJob {
  readonly variant: Variant;
  readonly case: Case;
  readonly warmUpSeconds: number;
  readonly turns: number;
  /** In each turn, with each part left out. */
  readonly calls: number;
}

/** Microseconds of a call in each turn: without tracing (`none`), by the variant, and by it without the part named. */
export type LeftOutReply = Readonly<Record<string, readonly number[]>>;

const COMPARED: readonly Variant[] = [
  'least',
  'least, content off',
  'openinference',
  'contrib aws-sdk',
  'ours, unsampled',
  'least, unsampled',
];
const SHORT = { warmUpSeconds: 8, turns: 250, calls: 12 };
const THOROUGH = { ...SHORT, turns: 1500 };

export const leftOut: Part = {
  name: 'left-out',
  title: 'What it is spent on',
  run: async ({ thorough, folder, log }) => {
    const columns = await inPairs(OPERATIONS, async (operation) => {
      log(operation);
      return columnOf(operation, folder, thorough ? THOROUGH : SHORT);
    });
    const names = [...new Set(columns.flatMap((column) => [...column.keys()]))];
    const table = {
      title: `µs of wall time of a call; streams of ${SHORT_STREAM} chunks`,
      columns: ['', ...OPERATIONS],
      rows: names.map((name): Cell[] => [name, ...columns.map((column) => column.get(name))]),
    };
    return { tables: [table], targets: [] };
  },
};

/** By row. */
async function columnOf(
  operation: Operation,
  folder: string,
  effort: Omit<LeftOutJob, 'variant' | 'case'>,
): Promise<Map<string, Estimate>> {
  const [measured] = await casesOf(operation, folder);
  const ask = (variant: Variant): Promise<LeftOutReply> =>
    askOnce<LeftOutReply>('left-out', { ...effort, variant, case: measured as Case } satisfies LeftOutJob);
  const ours = await ask('ours');
  const column = new Map([['added by ours', difference(ours, 'ours', 'none')]]);
  for (const name of Object.keys(ours)) {
    if (name !== 'none' && name !== 'ours') column.set(`less without ${name}`, difference(ours, 'ours', name));
  }
  for (const variant of comparedWith(operation))
    column.set(`added by ${variant}`, difference(await ask(variant), variant, 'none'));
  return column;
}

function comparedWith(operation: Operation): readonly Variant[] {
  // Its tokens are right there only.
  return operation === 'InvokeModel' ? ['traceloop', 'traceloop, content off', ...COMPARED] : COMPARED;
}

function difference(times: LeftOutReply, name: string, other: string): Estimate {
  const turns = times[name]?.map((time, turn) => time - (times[other]?.[turn] as number)) ?? [];
  return bootstrap([turns], (rounds) => medianOfMeans(rounds, (added) => added));
}
