import { arch, cpus, loadavg } from 'node:os';

/** What a result was measured on. Only ratios within one run mean something. */
export interface Machine {
  readonly processor: string;
  readonly node: string;
  /** Mean number of runnable processes over the last minute, when the run began. */
  readonly load: number;
}

export function describeMachine(): Machine {
  const [cpu] = cpus();
  return {
    processor: `${cpus().length} x ${cpu?.model.trim() ?? 'unknown processor'}, ${arch()}`,
    node: process.versions.node,
    load: loadavg()[0] as number,
  };
}
