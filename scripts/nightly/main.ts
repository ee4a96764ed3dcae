import { testNewestMlflow } from './mlflow.js';
import { testNewestPackages } from './packages.js';
import { runNightlyTests } from './tests.js';

const PARTS: Readonly<Record<string, (log: (line: string) => void) => Promise<boolean>>> = {
  packages: testNewestPackages,
  mlflow: testNewestMlflow,
  tests: runNightlyTests,
};

const USAGE = `Usage: npm run nightly -- packages|mlflow|tests
  packages   tests with the newest AWS SDK and the newest OpenTelemetry 2.x, in a copy of the repository
  mlflow     tests with the newest MLflow that PyPI can install
  tests      the tests whose builds or loads take minutes (*.nightly.test.ts)`;

/** `npm run nightly` tests what takes too long for each change. It leaves the lock files as they are. */
export async function main(args: readonly string[]): Promise<number> {
  const [name = '', ...others] = args;
  const part = PARTS[name];
  if (part === undefined || others.length > 0) throw new Error(USAGE);
  return (await part((line) => console.log(`• ${line}`))) ? 0 : 1;
}
