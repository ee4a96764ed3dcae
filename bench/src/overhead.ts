/**
 * CPU time that each variant adds to a call. The variants' processes live side by side and take turns of some ten
 * milliseconds, so that whatever else the machine does hits all of them.
 */

import { type Child, startChild } from './child.js';
import type { Case } from './requests.js';
import { bootstrap, type Estimate, medianOfMeans } from './statistics.js';
import type { Variant } from './variants.js';

export interface Effort {
  /** Times that all processes are started anew. */
  readonly rounds: number;
  /** Turns that each process has in a round. */
  readonly blocks: number;
  /** CPU time of one turn without instrumentation, in milliseconds. */
  readonly blockMilliseconds: number;
  /** CPU time of each process before measuring, in milliseconds: compiling is no cost of a call. */
  readonly warmUpMilliseconds: number;
}

export interface CallJob {
  readonly variant: Variant;
  readonly cases: readonly Case[];
}

/** So many calls of one case or, without a number, for so long. */
export interface CallRequest {
  readonly index: number;
  readonly calls?: number;
  readonly milliseconds: number;
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

/** Microseconds of one call, by variant and place of the case. */
type Block = ReadonlyMap<Variant, readonly number[]>;

type CallChild = Child<CallRequest, CallReply>;

export class Overheads {
  readonly #rounds: readonly (readonly Block[])[];
  readonly #checks: ReadonlyMap<Variant, readonly Check[]>;

  constructor(rounds: readonly (readonly Block[])[], checks: ReadonlyMap<Variant, readonly Check[]>) {
    this.#rounds = rounds;
    this.#checks = checks;
  }

  check(variant: Variant, index = 0): Check {
    return this.#checks.get(variant)?.[index] as Check;
  }

  /** Microseconds of a call without instrumentation. */
  baseline(index = 0): Estimate {
    return bootstrap(this.#rounds, (rounds) => medianOfMeans(rounds, (block) => microseconds(block, 'none', index)));
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
        addedIn(rounds, variant, (of) => of(index)) /
        medianOfMeans(rounds, (block) => microseconds(block, 'none', index)),
    );
  }

  /** What one variant adds, as a ratio to what another adds. */
  ratio(variant: Variant, other: Variant, index = 0): Estimate {
    return this.#ratio(variant, other, (of) => of(index));
  }

  ratioPerChunk(variant: Variant, other: Variant): Estimate {
    return this.#ratio(variant, other, (of) => of(1) - of(0));
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
        medianOfMeans(rounds, (block) => microseconds(block, 'none', index)),
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
    figure((index) => microseconds(block, variant, index) - microseconds(block, 'none', index)),
  );
}

function microseconds(block: Block, variant: Variant, index: number): number {
  return block.get(variant)?.[index] as number;
}

/** @param variants without `none`, which is always measured */
export async function measureOverhead(
  cases: readonly Case[],
  variants: readonly Variant[],
  effort: Effort,
): Promise<Overheads> {
  const rounds: Block[][] = [];
  const checks = new Map<Variant, Check[]>();
  for (let round = 0; round < effort.rounds; round++) {
    const children = new Map<Variant, CallChild>();
    try {
      await Promise.all(
        (['none', ...variants] as const).map(async (variant) => {
          const child = await startChild<CallRequest, CallReply>('call', { variant, cases } satisfies CallJob);
          children.set(variant, child);
          checks.set(variant, await warmUp(child, cases, effort));
        }),
      );
      rounds.push(await measureRound(children, cases, effort));
    } finally {
      await Promise.all([...children.values()].map((child) => child.close()));
    }
  }
  return new Overheads(rounds, checks);
}

async function warmUp(child: CallChild, cases: readonly Case[], effort: Effort): Promise<Check[]> {
  const checks: Check[] = [];
  for (const index of cases.keys()) {
    const { check } = await child.ask({ index, milliseconds: effort.warmUpMilliseconds / cases.length });
    checks.push(check);
  }
  return checks;
}

async function measureRound(
  children: ReadonlyMap<Variant, CallChild>,
  cases: readonly Case[],
  { blocks, blockMilliseconds }: Effort,
): Promise<Block[]> {
  const calls: number[] = [];
  for (const index of cases.keys()) {
    const reply = await children.get('none')?.ask({ index, milliseconds: blockMilliseconds });
    calls.push(Math.max(1, Math.round((blockMilliseconds * 1000) / (reply as CallReply).microseconds)));
  }
  const result: Block[] = [];
  for (let block = 0; block < blocks; block++) {
    const measured = new Map<Variant, number[]>([...children.keys()].map((variant) => [variant, []]));
    for (const [index, count] of calls.entries()) {
      for (const [variant, child] of shuffled([...children])) {
        const { microseconds } = await child.ask({ index, calls: count, milliseconds: 0 });
        measured.get(variant)?.push(microseconds);
      }
    }
    result.push(measured);
  }
  return result;
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
