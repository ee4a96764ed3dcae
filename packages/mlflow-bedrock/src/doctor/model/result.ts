/** `problem`: tracing does not work like this. `warning`: it works, but perhaps not as intended. `skipped`: not checked. */
export type Status = 'ok' | 'warning' | 'problem' | 'skipped';

/** What one check found. */
export interface Result {
  /** Name of the check, for programs that read the report. */
  readonly check: string;
  readonly status: Status;
  /** What was found, in one or two sentences. */
  readonly what: string;
  /** What to do about it. Absent if there is nothing to do. */
  readonly todo?: string;
}

/** Creates the results of one check. */
export interface Findings {
  ok(what: string): Result;
  skipped(what: string): Result;
  warning(what: string, todo: string): Result;
  problem(what: string, todo: string): Result;
}

/** @param check the name of the check */
export function findings(check: string): Findings {
  return {
    ok: (what) => ({ check, status: 'ok', what }),
    skipped: (what) => ({ check, status: 'skipped', what }),
    warning: (what, todo) => ({ check, status: 'warning', what, todo }),
    problem: (what, todo) => ({ check, status: 'problem', what, todo }),
  };
}
