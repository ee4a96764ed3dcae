/** The tests that take too long for each change: builds of other tools, the Collector, large loads, long outages. */

import { buildPackages } from 'testing/build.js';
import { installMlflow } from 'testing/mlflow/install.js';
import { runTests } from '../support/run-tests.js';

/** @returns whether all pass */
export async function runNightlyTests(log: (line: string) => void): Promise<boolean> {
  await buildPackages();
  await installMlflow(log);
  const outcomes = await runTests('nightly');
  for (const { name, failures } of outcomes) for (const title of failures) log(`Failed in ${name}: ${title}`);
  return outcomes.every(({ exitCode }) => exitCode === 0);
}
