/** Part 7: the cost of a call against the length of the conversation and the number of tools. */

import { measureOverhead, type Overheads } from '../overhead.js';
import type { Part, PartResult } from '../part.js';
import { type RequestSize, recordAnswer } from '../requests.js';
import type { Target } from '../table.js';
import { type Variant, withoutLesserPeers } from '../variants.js';

const VARIANTS: readonly Variant[] = ['ours', 'ours, content off', 'openinference', 'contrib aws-sdk'];
const TURNS = { short: [1, 251, 501], thorough: [1, 11, 101, 251, 501] } as const;
const TOOLS = { short: [0, 50, 100], thorough: [0, 10, 50, 100] } as const;
const SHORT = { rounds: 2, blocks: 16, blockMilliseconds: 15, warmUpMilliseconds: 800 } as const;
const THOROUGH = { ...SHORT, rounds: 4, blocks: 120, blockMilliseconds: 8 } as const;

/** Twice the length may cost twice as much, and a tenth for what the measurement scatters. */
const LINEAR = 1.1;
/** With content off nothing of a message is read: what a conversation of 501 turns adds, of what its call costs. */
const FLAT = 0.02;

export const scaling: Part = {
  name: 'scaling',
  title: 'Scaling',
  run: async ({ thorough, folder, log }) => {
    const answer = await recordAnswer(folder, 'Converse');
    const variants = thorough ? VARIANTS : withoutLesserPeers(VARIANTS);
    const measure = async (what: string, sizes: readonly number[], request: (size: number) => RequestSize) => {
      log(`Converse with ${what}`);
      const cases = sizes.map((size) => {
        return { name: `${size} ${what}`, operation: 'Converse', request: request(size), answer } as const;
      });
      const overheads = await measureOverhead(cases, variants, thorough ? THOROUGH : SHORT);
      return resultOf(what, sizes, variants, overheads);
    };
    const turns = await measure('turns', thorough ? TURNS.thorough : TURNS.short, (size) => ({ turns: size }));
    const tools = await measure('tools', thorough ? TOOLS.thorough : TOOLS.short, (size) => ({ tools: size }));
    return { tables: [...turns.tables, ...tools.tables], targets: [...turns.targets, ...tools.targets] };
  },
};

function resultOf(
  what: string,
  sizes: readonly number[],
  variants: readonly Variant[],
  overheads: Overheads,
): PartResult {
  const last = sizes.length - 1;
  const [before, most] = [sizes[last - 1] as number, sizes[last] as number];
  const targets: Target[] = [
    {
      what: `${most} ${what} / ${before} ${what}: ours`,
      value: overheads.growth('ours', last, last - 1),
      limit: (most / before) * LINEAR,
      kind: 'most',
    },
    {
      what: `${most} ${what}, content off: growth since ${sizes[0]}, of the call`,
      value: overheads.growthShare('ours, content off', last, 0),
      limit: FLAT,
      kind: 'none',
    },
  ];
  const table = {
    title: `µs of CPU time added to Converse, by ${what}`,
    columns: ['', ...sizes.map((size) => `${size}`)],
    rows: [
      ['no instrumentation (whole call)', ...sizes.map((_, index) => overheads.baseline(index))],
      ...variants.map((variant) => [variant, ...sizes.map((_, index) => overheads.added(variant, index))]),
    ],
  };
  return { tables: [table], targets };
}
