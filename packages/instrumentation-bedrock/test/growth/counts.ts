/** Counts the work of a piece of code without a clock. */

import type { HeapProfiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';

/** What a piece of code did. The counts are nearly the same each time. */
export interface Work {
  /** How often a block of this package's source ran. */
  readonly blocks: number;
  /** How many items and characters the built-in functions had that can look at all of them. */
  readonly items: number;
  /** How many bytes were allocated, by samples. Copies by spread are seen here only. 0 if they are not counted. */
  readonly bytes: number;
}

const SOURCE = new URL('../../src/', import.meta.url).href;

/** Functions that can look at all of `this`. */
const SCANS: readonly (readonly [object, string])[] = [
  [
    Array.prototype,
    'concat entries every filter find findIndex findLast findLastIndex flat flatMap forEach includes indexOf join ' +
      'lastIndexOf map reduce reverse shift slice some sort splice unshift',
  ],
  [String.prototype, 'includes indexOf isWellFormed lastIndexOf match replace search split toWellFormed trim'],
];
/** Functions that can look at all of their first argument. `test()` of a pattern calls `exec()`. */
const READS: readonly (readonly [object, string])[] = [
  [Object, 'assign entries fromEntries keys values'],
  [JSON, 'parse stringify'],
  [Buffer, 'concat from'],
  [RegExp.prototype, 'exec'],
];

const BYTES_PER_SAMPLE = 1024;

export class WorkCounter {
  readonly #session = new Session();
  readonly #withBytes: boolean;
  #items = 0;

  /** @param options `withBytes` makes counting several times slower. */
  constructor({ withBytes }: { readonly withBytes: boolean }) {
    this.#withBytes = withBytes;
    this.#session.connect();
  }

  async start(): Promise<void> {
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  async count(work: () => void | Promise<void>): Promise<Work> {
    if (this.#withBytes) await this.#startSampling();
    const restore = this.#watchBuiltIns();
    this.#items = 0;
    try {
      await work();
    } finally {
      restore();
    }
    const items = this.#items;
    const bytes = this.#withBytes ? await this.#sampledBytes() : 0;
    return { blocks: await this.#takeBlocks(), items, bytes };
  }

  /** Sets the counts to 0, too. */
  async #takeBlocks(): Promise<number> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const ranges = result
      .filter(({ url }) => url.startsWith(SOURCE))
      .flatMap(({ functions }) => functions.flatMap((each) => each.ranges));
    return ranges.reduce((sum, { count }) => sum + count, 0);
  }

  async #startSampling(): Promise<void> {
    const options: HeapProfiler.StartSamplingParameterType = { samplingInterval: BYTES_PER_SAMPLE };
    // Newer than their types.
    const collected = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
    await this.#session.post('HeapProfiler.startSampling', { ...options, ...collected });
  }

  async #sampledBytes(): Promise<number> {
    const { profile } = await this.#session.post('HeapProfiler.stopSampling');
    return sizeOf(profile.head);
  }

  #watchBuiltIns(): () => void {
    const restores = [
      ...SCANS.flatMap(([owner, names]) => this.#watch(owner, names, (self) => lengthOf(self))),
      ...READS.flatMap(([owner, names]) => this.#watch(owner, names, (_, first) => lengthOf(first))),
    ];
    return () => {
      for (const restore of restores) restore();
    };
  }

  #watch(owner: object, names: string, sizeOfCall: (self: unknown, first: unknown) => number): (() => void)[] {
    return names.split(' ').map((name) => {
      const descriptor = Object.getOwnPropertyDescriptor(owner, name) as PropertyDescriptor;
      const original = descriptor.value as (...args: unknown[]) => unknown;
      const addItems = (size: number): void => {
        this.#items += size;
      };
      function watched(this: unknown, ...args: unknown[]): unknown {
        addItems(sizeOfCall(this, args[0]));
        return Reflect.apply(original, this, args);
      }
      Object.defineProperty(owner, name, { ...descriptor, value: watched });
      return () => Object.defineProperty(owner, name, descriptor);
    });
  }
}

const { keys } = Object;

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value) || ArrayBuffer.isView(value)) {
    return (value as { readonly length: number }).length;
  }
  return typeof value === 'object' && value !== null ? keys(value).length : 1;
}

function sizeOf({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((sum, child) => sum + sizeOf(child), selfSize);
}
