import { basename, dirname } from 'node:path';

/** Which test files run: those of `npm test`, those that only `npm run test:all` runs, or both. */
export type Selection = 'short' | 'long' | 'all';

/** Test files of one mocha process. */
export interface TestGroup {
  /** Names the group's files below `.mlflow/results`. */
  readonly name: string;
  readonly files: readonly string[];
  /** Whether nothing else may run at the same time. */
  readonly isAlone: boolean;
}

/** Ends the name of a test file that takes long, or needs more than packages from npm and PyPI. */
const LONG = '.long.test.ts';

/**
 * Puts the selected test files into groups: one for the short tests of each folder, one for each long test file.
 *
 * A folder is one process, because tests share servers there. It is not one process for all folders: each
 * instrumentation wraps `require` once more (OpenTelemetry's RequireInTheMiddleSingleton). After hundreds of them, a
 * package with a thousand files, as the AWS CDK is, would take an hour to load.
 *
 * @param files paths from the root of the repository
 * @returns the groups in the order in which to start them
 */
export function groupTests(files: readonly string[], selection: Selection): TestGroup[] {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const isLong = file.endsWith(LONG);
    if (selection !== 'all' && isLong !== (selection === 'long')) continue;
    const folder = dirname(file)
      .split('/')
      .filter((part) => part !== 'packages' && part !== 'test')
      .join('-');
    const name = isLong ? `${folder}-${basename(file, LONG)}.long` : folder;
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  return [...groups]
    .map(([name, members]) => ({ name, files: members, isAlone: measuresTime(name) }))
    .toSorted((one, other) => Number(one.isAlone) - Number(other.isAlone));
}

/** The long tests of the benchmark compare times. */
function measuresTime(name: string): boolean {
  return name.startsWith('bench-') && name.endsWith('.long');
}
