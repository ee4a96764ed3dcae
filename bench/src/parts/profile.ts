/** Beside part 1: what the time is spent on that tracing adds to a call. */

import { askOnce } from '../child.js';
import type { Part } from '../part.js';
import { type Case, isStream, OPERATIONS, type Operation } from '../requests.js';
import type { Variant } from '../variants.js';
import { casesOf, SHORT_STREAM } from './calls.js';

/** Whose code runs; that of a peer is not told apart. */
export const ORIGINS = [
  'watching the HTTP exchange',
  'watching the stream',
  'reading request and answer',
  'writing attributes and content',
  'its other code',
  'OpenTelemetry',
] as const;

export type Origin = (typeof ORIGINS)[number];

export interface ProfileJob {
  readonly variant: Variant;
  readonly case: Case;
  readonly warmUpCalls: number;
  readonly calls: number;
}

/** Microseconds of each call. */
export type ProfileReply = Readonly<Record<Origin, number>>;

const VARIANTS: readonly Variant[] = ['ours', 'ours, content off', 'openinference'];
const CALLS = { short: { warmUpCalls: 8000, calls: 4000 }, thorough: { warmUpCalls: 12_000, calls: 20_000 } } as const;

export const profile: Part = {
  name: 'profile',
  title: 'What it is spent on',
  run: async ({ thorough, folder, log }) => {
    const tables = [];
    for (const operation of OPERATIONS) {
      log(operation);
      const [first] = await casesOf(operation, folder);
      const job = { case: first as Case, ...(thorough ? CALLS.thorough : CALLS.short) };
      // One at a time: the profiler sees wall time.
      const replies: ProfileReply[] = [];
      for (const variant of VARIANTS) {
        replies.push(await askOnce<ProfileReply>('profile', { ...job, variant } satisfies ProfileJob));
      }
      tables.push({
        title: `${operation}: µs of a call${isStream(operation) ? ` of ${SHORT_STREAM} chunks` : ''}, by whose code runs`,
        columns: ['', ...VARIANTS],
        rows: rowsOf(operation, replies),
      });
    }
    return { tables, targets: [] };
  },
};

function rowsOf(operation: Operation, replies: readonly ProfileReply[]): (string | number)[][] {
  return ORIGINS.filter((origin) => isStream(operation) || origin !== 'watching the stream').map((origin) => [
    origin,
    ...replies.map((reply) => reply[origin]),
  ]);
}
