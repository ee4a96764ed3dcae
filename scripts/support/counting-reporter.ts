import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import Mocha from 'mocha';

/** How long a process may take to end after its tests. */
const END_MILLIS = 20_000;

/** What one mocha process reports in a file, besides its text. */
export interface TestResults {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The full titles of the failed tests. */
  readonly failures: readonly string[];
  /** Seconds of each test file, hooks included. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** Mocha's usual report, and its results as JSON in the file that the reporter option `results` names. */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const target: unknown = options.reporterOptions?.results;
    if (typeof target !== 'string') throw new Error('The reporter needs the option results=<file>.');
    const { EVENT_SUITE_BEGIN, EVENT_SUITE_END, EVENT_RUN_END } = Mocha.Runner.constants;
    const seconds: Record<string, number> = {};
    const isWholeFile = ({ file, parent }: Mocha.Suite): boolean => file !== undefined && parent?.root === true;
    let started = 0;
    runner.on(EVENT_SUITE_BEGIN, (suite: Mocha.Suite) => {
      if (isWholeFile(suite)) started = performance.now();
    });
    runner.on(EVENT_SUITE_END, (suite: Mocha.Suite) => {
      if (!isWholeFile(suite)) return;
      const file = relative(process.cwd(), suite.file ?? '');
      seconds[file] = (seconds[file] ?? 0) + (performance.now() - started) / 1000;
    });
    runner.once(EVENT_RUN_END, () => {
      const { passes: passed, failures: failed, pending: skipped } = this.stats;
      const failures = this.failures.map((test) => test.fullTitle());
      const results: TestResults = { passed, failed, skipped, failures, seconds };
      writeFileSync(target, JSON.stringify(results));
      // A failed test can leave a server open. Without a limit, its process would hold up all others.
      setTimeout(() => {
        console.error(
          `The tests have ended, but their process has not: ${process.getActiveResourcesInfo().join(', ')}.`,
        );
        process.exit();
      }, END_MILLIS).unref();
    });
  }
}
