import type { Table, Target } from './table.js';

/** What a part of the benchmark works with. */
export interface Bench {
  /** More rounds, for intervals that tell more. */
  readonly thorough: boolean;
  /** For files of this run; removed at its end. */
  readonly folder: string;
  log(line: string): void;
}

export interface PartResult {
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
}

export interface Part {
  /** As in `--only <name>`. */
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<PartResult>;
}
