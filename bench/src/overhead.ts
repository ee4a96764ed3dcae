/**
 * CPU time that each variant adds to a call. Turns of some ten milliseconds are made with the SDK's own `send` and with
 * the traced one, in one process: whatever else the machine does hits both, and two processes differ by more than what
 * is to be measured.
 */

import { type Child, inPairs, startChild } from './child.js';
import type { Case } from './requests.js';
import { bootstrap, type Estimate, median, medianOfMeans } from './statistics.js';
import type { Variant } from './variants.js';

export interface Effort {
  /** Processes of each variant, one after the other. */
  readonly rounds: number;
  /** Turns of each process. */
  readonly blocks: number;
  /** CPU time of half a turn, without instrumentation, in milliseconds. */
  readonly blockMilliseconds: number;
  /**
   * CPU time spent on each case before measuring, most of it on traced calls, in milliseconds: compiling is no cost of a
   * call, and goes on for some twenty thousand of them.
   */
  readonly warmUpMilliseconds: number;
  /** The same for each case after the first, which has warmed up most of the code. Default: as for the first. */
  readonly furtherWarmUpMilliseconds?: number;
}

/** Of the warm-up: without tracing runs but the SDK's code, which is the same in both. */
const TRACED_WARM_UP = 7 / 8;

export interface CallJob {
  readonly variant: Variant;
  readonly cases: readonly Case[];
}

/** So many calls of one case, or for so long. */
export interface CallRequest {
  readonly index: number;
  readonly calls?: number;
  readonly milliseconds?: number;
  /** False for the SDK's own `send`. */
  readonly isTraced: boolean;
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

/** Microseconds of one call, with and without the instrumentation of its process. */
interface Turn {
  readonly traced: number;
  readonly untraced: number;
}

/** By variant and place of the case. */
export type Block = ReadonlyMap<Variant, readonly Turn[]>;

export class Overheads {
  readonly #rounds: readonly (readonly Block[])[];
  readonly #checks: ReadonlyMap<Variant, readonly Check[]>;

  constructor(rounds: readonly (readonly Block[])[], checks: ReadonlyMap<Variant, readonly Check[]>) {
    this.#rounds = rounds;
    this.#checks = checks;
  }

  has(variant: Variant): boolean {
    return this.#checks.has(variant);
  }

  check(variant: Variant, index = 0): Check {
    return this.#checks.get(variant)?.[index] as Check;
  }

  /** Microseconds of a call without instrumentation. */
  baseline(index = 0): Estimate {
    return bootstrap(this.#rounds, (rounds) => medianOfMeans(rounds, (block) => untraced(block, index)));
  }

  /** Microseconds that a call costs more than without instrumentation. */
  added(variant: Variant, index = 0): Estimate {
    return bootstrap(this.#rounds, (rounds) => addedIn(rounds, variant, (of) => of(index)));
  }

  /** The same for a chunk: what the second case, longer by so many chunks, costs more than the first. */
  addedPerChunk(variant: Variant, chunks: number): Estimate {
    return bootstrap(this.#rounds, (rounds) => addedIn(rounds, variant, (of) => (of(1) - of(0)) / chunks));
  }

  /** A part of what a call costs without instrumentation. */
  share(variant: Variant, index = 0): Estimate {
    return bootstrap(
      this.#rounds,
      (rounds) =>
        addedIn(rounds, variant, (of) => of(index)) / medianOfMeans(rounds, (block) => untraced(block, index)),
    );
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
    return bootstrap(
      this.#rounds,
      (rounds) => addedIn(rounds, variant, (of) => of(0)) - addedIn(rounds, other, (of) => of(0)),
    );
  }

  /** What the variant adds in one case, as a ratio to what it adds in another. */
  growth(variant: Variant, index: number, other: number): Estimate {
    return bootstrap(
      this.#rounds,
      (rounds) => addedIn(rounds, variant, (of) => of(index)) / addedIn(rounds, variant, (of) => of(other)),
    );
  }

  /** How much more the variant adds in one case than in another, of what the call costs without instrumentation. */
  growthShare(variant: Variant, index: number, other: number): Estimate {
    return bootstrap(
      this.#rounds,
      (rounds) =>
        addedIn(rounds, variant, (of) => of(index) - of(other)) /
        medianOfMeans(rounds, (block) => untraced(block, index)),
    );
  }

  #ratio(variant: Variant, other: Variant, figure: Figure): Estimate {
    return bootstrap(this.#rounds, (rounds) => addedIn(rounds, variant, figure) / addedIn(rounds, other, figure));
  }
}

/** A figure of one block, made of the microseconds that were added in each case. */
type Figure = (added: (index: number) => number) => number;

function addedIn(rounds: readonly (readonly Block[])[], variant: Variant, figure: Figure): number {
  return medianOfMeans(rounds, (block) =>
    figure((index) => {
      const { traced, untraced } = turnOf(block, variant, index);
      return traced - untraced;
    }),
  );
}

/** In a process that has no instrumentation at all, at the speed of all of them. */
function untraced(block: Block, index: number): number {
  return turnOf(block, 'none', index).untraced;
}

function turnOf(block: Block, variant: Variant, index: number): Turn {
  return block.get(variant)?.[index] as Turn;
}

/** @param variants without `none`, which is always measured */
export async function measureOverhead(
  cases: readonly Case[],
  variants: readonly Variant[],
  effort: Effort,
): Promise<Overheads> {
  const rounds: Block[][] = [];
  const checks = new Map<Variant, readonly Check[]>();
  for (let round = 0; round < effort.rounds; round++) {
    const blocks = Array.from({ length: effort.blocks }, () => new Map<Variant, readonly Turn[]>());
    await inPairs(shuffled(['none', ...variants] as const), async (variant) => {
      const measured = await measureVariant(variant, cases, effort);
      checks.set(variant, measured.checks);
      for (const [index, turns] of measured.blocks.entries()) blocks[index]?.set(variant, turns);
    });
    rounds.push(blocks);
  }
  return new Overheads(atOneSpeed(rounds), checks);
}

/**
 * As if all processes had run equally fast: a shared machine takes twice as long in one minute as in another. How fast
 * a process ran is told by its own calls without tracing, which are made by the same code in all of them. What tracing
 * leaves for these to do, garbage say, is not counted, and makes a process seem slower than it was: in favour of whoever
 * leaves most.
 */
export function atOneSpeed(rounds: readonly (readonly Block[])[]): Block[][] {
  const timeOf = (round: readonly Block[], variant: Variant): number =>
    medianOfMeans([round], (block) => sum((block.get(variant) as readonly Turn[]).map(({ untraced }) => untraced)));
  const usual = median(
    rounds.flatMap((round) => [...(round[0] as Block).keys()].map((variant) => timeOf(round, variant))),
  );
  return rounds.map((round) => {
    const variants = [...(round[0] as Block).keys()];
    const factors = new Map(variants.map((variant) => [variant, usual / timeOf(round, variant)]));
    const scale = (turns: readonly Turn[], factor: number): Turn[] =>
      turns.map(({ traced, untraced }) => ({ traced: traced * factor, untraced: untraced * factor }));
    return round.map(
      (block) => new Map([...block].map(([variant, turns]) => [variant, scale(turns, factors.get(variant) as number)])),
    );
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

interface Measured {
  readonly checks: readonly Check[];
  /** The turns of each block, by the place of the case. */
  readonly blocks: readonly (readonly Turn[])[];
}

async function measureVariant(
  variant: Variant,
  cases: readonly Case[],
  { blocks, blockMilliseconds, warmUpMilliseconds, furtherWarmUpMilliseconds = warmUpMilliseconds }: Effort,
): Promise<Measured> {
  const child = await startChild<CallRequest, CallReply>('call', { variant, cases } satisfies CallJob);
  try {
    const checks: Check[] = [];
    const calls: number[] = [];
    for (const index of cases.keys()) {
      const warmUp = index === 0 ? warmUpMilliseconds : furtherWarmUpMilliseconds;
      const traced = await child.ask({ index, milliseconds: warmUp * TRACED_WARM_UP, isTraced: true });
      checks.push(traced.check);
      await child.ask({ index, milliseconds: warmUp * (1 - TRACED_WARM_UP), isTraced: false });
      const { microseconds } = await child.ask({ index, milliseconds: blockMilliseconds, isTraced: false });
      calls.push(Math.max(1, Math.round((blockMilliseconds * 1000) / microseconds)));
    }
    const result: Turn[][] = [];
    for (let block = 0; block < blocks; block++) {
      const turns: Turn[] = [];
      for (const [index, count] of calls.entries()) {
        turns.push(await takeTurn(child, { index, calls: count }, block % 2 === 0));
      }
      result.push(turns);
    }
    return { checks, blocks: result };
  } finally {
    await child.close();
  }
}

/** Each half comes first in every other turn. */
async function takeTurn(
  child: Child<CallRequest, CallReply>,
  what: { readonly index: number; readonly calls: number },
  isTracedFirst: boolean,
): Promise<Turn> {
  const first = await child.ask({ ...what, isTraced: isTracedFirst });
  const second = await child.ask({ ...what, isTraced: !isTracedFirst });
  const [traced, untraced] = isTracedFirst ? [first, second] : [second, first];
  return { traced: traced.microseconds, untraced: untraced.microseconds };
}

/** In random order. */
export function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
