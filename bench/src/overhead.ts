/**
 * CPU time that each variant adds to a call. All take short turns in one process, one of them without instrumentation:
 * whatever else the machine does hits them alike, and two processes differ by more than what is to be measured.
 */

import { type Child, inPairs, startChild } from './child.js';
import type { Case } from './requests.js';
import { bootstrap, type Estimate, median, medianOfMeans } from './statistics.js';
import type { Variant } from './variants.js';

export interface Effort {
  /** Processes, two at a time. */
  readonly rounds: number;
  /** How often each variant has its turn in a process. */
  readonly blocks: number;
  /** CPU time of a turn, in milliseconds, where a variant costs nothing; a turn is one call at least. */
  readonly blockMilliseconds: number;
  /**
   * CPU time that each variant spends on each case before measuring, in milliseconds: compiling is no cost of a call, and
   * goes on for some twenty thousand of them.
   */
  readonly warmUpMilliseconds: number;
}

/** Of the warm-up, in milliseconds: by turns, as in the measurement. */
const WARM_UP_TURN = 200;

export interface CallJob {
  readonly variants: readonly Variant[];
  readonly cases: readonly Case[];
}

/** So many calls of one case, or for so long. */
export interface CallRequest {
  readonly variant: Variant;
  /** Of the case. */
  readonly index: number;
  readonly calls?: number;
  readonly milliseconds?: number;
}

export interface CallReply {
  /** CPU time of one call, user and system. */
  readonly microseconds: number;
  readonly check: Check;
}

/** What came of one call before the measurement. */
export interface Check {
  /** Events that the application received. */
  readonly events: number;
  /** Spans that ended. */
  readonly spans: number;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** Whether the answer's text is on a span. */
  readonly hasContent: boolean;
  readonly recordedCharacters: number;
}

/** A turn of each variant: microseconds of a call, by the place of the case. */
export type Block = ReadonlyMap<Variant, readonly number[]>;

/** Of one process. */
type Round = readonly Block[];

export class Overheads {
  readonly #rounds: readonly Round[];
  readonly #checks: ReadonlyMap<Variant, readonly Check[]>;

  constructor(rounds: readonly Round[], checks: ReadonlyMap<Variant, readonly Check[]>) {
    this.#rounds = rounds;
    this.#checks = checks;
  }

  has(variant: Variant): boolean {
    return this.#checks.has(variant);
  }

  /** By the place of the case. */
  checks(variant: Variant): readonly Check[] {
    return this.#checks.get(variant) as readonly Check[];
  }

  /** Microseconds of a call without instrumentation. */
  baseline(index = 0): Estimate {
    return this.#estimate((round) => untraced(round, index));
  }

  /** Microseconds of a chunk without instrumentation: see {@link Overheads.addedPerChunk}. */
  baselinePerChunk(chunks: number): Estimate {
    return this.#estimate((round) => (untraced(round, 1) - untraced(round, 0)) / chunks);
  }

  /** Microseconds that a call costs more than without instrumentation. */
  added(variant: Variant, index = 0): Estimate {
    return this.#estimate((round) => added(round, variant, (of) => of(index)));
  }

  /** The same for a chunk: what the second case, longer by so many chunks, costs more than the first. */
  addedPerChunk(variant: Variant, chunks: number): Estimate {
    return this.#estimate((round) => added(round, variant, (of) => (of(1) - of(0)) / chunks));
  }

  /** A part of what a call costs without instrumentation. */
  share(variant: Variant, index = 0): Estimate {
    return this.#estimate((round) => added(round, variant, (of) => of(index)) / untraced(round, index));
  }

  /** What one variant adds, as a ratio to what another adds. */
  ratio(variant: Variant, other: Variant, index = 0): Estimate {
    return this.#ratio(variant, other, (of) => of(index));
  }

  ratioPerChunk(variant: Variant, other: Variant): Estimate {
    return this.#ratio(variant, other, (of) => of(1) - of(0));
  }

  /** Microseconds of a call by which one variant adds more than another. */
  excess(variant: Variant, other: Variant): Estimate {
    return this.#estimate((round) => added(round, variant, (of) => of(0)) - added(round, other, (of) => of(0)));
  }

  /** What the variant adds in one case, as a ratio to what it adds in another. */
  growth(variant: Variant, index: number, other: number): Estimate {
    return this.#estimate(
      (round) => added(round, variant, (of) => of(index)) / added(round, variant, (of) => of(other)),
    );
  }

  /** How much more the variant adds in one case than in another, of what the call costs without instrumentation. */
  growthShare(variant: Variant, index: number, other: number): Estimate {
    return this.#estimate((round) => added(round, variant, (of) => of(index) - of(other)) / untraced(round, index));
  }

  #ratio(variant: Variant, other: Variant, figure: Figure): Estimate {
    return this.#estimate((round) => added(round, variant, figure) / added(round, other, figure));
  }

  /** The median over the processes: each has a figure of its own, whatever the speed at which the machine ran it. */
  #estimate(figure: (round: Round) => number): Estimate {
    return bootstrap(this.#rounds, (rounds) => median(rounds.map(figure)));
  }
}

/** A figure of one block, made of the microseconds that were added in each case. */
type Figure = (added: (index: number) => number) => number;

function added(round: Round, variant: Variant, figure: Figure): number {
  return medianOfMeans([round], (block) =>
    figure((index) => timeOf(block, variant, index) - timeOf(block, 'none', index)),
  );
}

function untraced(round: Round, index: number): number {
  return medianOfMeans([round], (block) => timeOf(block, 'none', index));
}

function timeOf(block: Block, variant: Variant, index: number): number {
  return block.get(variant)?.[index] as number;
}

/** @param variants without `none`, which is always measured */
export async function measureOverhead(
  cases: readonly Case[],
  variants: readonly Variant[],
  effort: Effort,
): Promise<Overheads> {
  const all = ['none', ...variants] as const;
  const measured = await inPairs(
    Array.from({ length: effort.rounds }, () => all),
    () => measureRound(cases, all, effort),
  );
  return new Overheads(
    measured.map(({ blocks }) => blocks),
    (measured[0] as MeasuredRound).checks,
  );
}

interface MeasuredRound {
  readonly blocks: Round;
  readonly checks: ReadonlyMap<Variant, readonly Check[]>;
}

async function measureRound(
  cases: readonly Case[],
  variants: readonly Variant[],
  { blocks, blockMilliseconds, warmUpMilliseconds }: Effort,
): Promise<MeasuredRound> {
  const child = await startChild<CallRequest, CallReply>('call', { variants, cases } satisfies CallJob);
  try {
    const checks = new Map<Variant, Check[]>(variants.map((variant) => [variant, []]));
    const calls: number[] = [];
    for (const index of cases.keys()) {
      await warmUp(child, index, variants, warmUpMilliseconds);
      for (const variant of variants) {
        const { check, microseconds } = await child.ask({ variant, index, milliseconds: blockMilliseconds });
        checks.get(variant)?.push(check);
        if (variant === 'none') calls.push(Math.max(1, Math.round((blockMilliseconds * 1000) / microseconds)));
      }
    }
    const result: Block[] = [];
    for (let block = 0; block < blocks; block++) {
      const turns = new Map<Variant, number[]>(variants.map((variant) => [variant, []]));
      for (const [index, count] of calls.entries()) {
        for (const variant of shuffled(variants)) {
          const { microseconds } = await child.ask({ variant, index, calls: count });
          turns.get(variant)?.push(microseconds);
        }
      }
      result.push(turns);
    }
    return { blocks: result, checks };
  } finally {
    await child.close();
  }
}

async function warmUp(
  child: Child<CallRequest, CallReply>,
  index: number,
  variants: readonly Variant[],
  milliseconds: number,
): Promise<void> {
  for (let spent = 0; spent < milliseconds; spent += WARM_UP_TURN) {
    for (const variant of shuffled(variants)) await child.ask({ variant, index, milliseconds: WARM_UP_TURN });
  }
}

/** In random order. */
export function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
