import { testNewestMlflow } from './mlflow.js';
import { testNewestPackages } from './packages.js';

const PARTS: Readonly<Record<string, (log: (line: string) => void) => Promise<boolean>>> = {
  packages: testNewestPackages,
  mlflow: testNewestMlflow,
};

const USAGE = `Usage: npm run nightly -- packages|mlflow
  packages   tests with the newest AWS SDK and the newest OpenTelemetry 2.x, in a copy of the repository
  mlflow     tests with the newest MLflow that PyPI can install`;

/** `npm run nightly` tests with newer versions than those of the lock files, and leaves the lock files as they are. */
export async function main(args: readonly string[]): Promise<number> {
  const [name = '', ...others] = args;
  const part = PARTS[name];
  if (part === undefined || others.length > 0) throw new Error(USAGE);
  return (await part((line) => console.log(`• ${line}`))) ? 0 : 1;
}
