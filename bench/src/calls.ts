/** CPU time that each variant adds to a call and to a chunk of a stream. */

import { type Answer, isStream, type Operation, recordAnswer } from './answers.js';
import { type Bench, inPairs, runChild } from './child.js';
import type { Variant } from './variants.js';

/** Pieces of text in a stream whose call is measured, and in a long stream, whose chunks are measured. */
const CHUNKS = { call: 10, long: 1000 } as const;

export interface CallJob {
  /** All of one operation. */
  readonly answers: readonly Answer[];
  readonly variants: readonly Variant[];
  /** How long to make calls, with the warm-up. */
  readonly seconds: number;
}

/** What one process found. */
export interface CallResult {
  /** What the application or the span lacks with a variant. Such a variant is not measured. */
  readonly faults: { readonly [Name in Variant]?: string };
  /** Microseconds by answer: of a call without instrumentation, and what a variant adds to it. */
  readonly times: { readonly [Name in Variant | 'none']?: readonly number[] };
}

/** What all processes found. */
export class CallTimes {
  readonly #results: readonly CallResult[];

  constructor(results: readonly CallResult[]) {
    this.#results = results;
  }

  faultOf(variant: Variant): string | undefined {
    return this.#results[0]?.faults[variant];
  }

  /** Microseconds of CPU time per call, one of each process. For `none` of the whole call, else what is added to it. */
  perCall(variant: Variant | 'none'): number[] {
    return this.#results.flatMap(({ times }) => times[variant]?.[0] ?? []);
  }

  /** The same per chunk: what a long stream costs more than a short one. Empty unless both were measured. */
  perChunk(variant: Variant | 'none'): number[] {
    return this.#results.flatMap(({ times }) => {
      const [short, long] = times[variant] ?? [];
      return short === undefined || long === undefined ? [] : (long - short) / (CHUNKS.long - CHUNKS.call);
    });
  }
}

export async function measureCalls(
  operation: Operation,
  variants: readonly Variant[],
  { node, processes, seconds }: Bench,
): Promise<CallTimes> {
  const lengths = isStream(operation) ? [CHUNKS.call, CHUNKS.long] : [1];
  const answers = await Promise.all(lengths.map((chunks) => recordAnswer(operation, chunks)));
  const job: CallJob = { answers, variants, seconds };
  const jobs = Array.from({ length: processes }, () => job);
  return new CallTimes(await inPairs(jobs, (one) => runChild<CallResult>(node, 'call', one)));
}
