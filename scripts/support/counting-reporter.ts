import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

/** The figures of one mocha run, as the reporter writes them. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Mocha's usual report, and its figures as JSON in the file that the reporter option `counts` names. */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const file: unknown = options.reporterOptions?.counts;
    if (typeof file !== 'string') throw new Error('The reporter needs the option counts=<file>.');
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const counts: TestCounts = {
        passed: this.stats.passes,
        failed: this.stats.failures,
        skipped: this.stats.pending,
      };
      writeFileSync(file, JSON.stringify(counts));
    });
  }
}
