import type { Table, Target } from './table.js';

/** What a part of the benchmark works with. */
export interface Bench {
  /** All that there is, calls with compiled code, and more rounds; else what tells most, in a few minutes. */
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
  /** True where it runs only when asked for by name, or when the run is thorough. */
  readonly isLeftOutOfShort?: true;
  run(bench: Bench): Promise<PartResult>;
}
