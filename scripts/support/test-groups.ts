import { basename } from 'node:path';
import { NEWEST_MLFLOW_VERSION } from 'testing/mlflow/install.js';

/** Which test files run: those of `npm test`, those that only `npm run test:all` runs, both, or those of the night. */
export type Selection = 'short' | 'long' | 'all' | 'nightly';

/** Test files of one mocha process. */
export interface TestGroup {
  /** Names the group's files below `.mlflow/results`. */
  readonly name: string;
  readonly files: readonly string[];
  /** Whether it waits for most of its time, so that it may run beside as many others as there are lanes. */
  readonly isWaiting: boolean;
  /** Added to the environment. Default: nothing. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Groups that take so long that they run in two processes. */
const IN_TWO_PROCESSES = [
  ...['exporter-mlflow', 'instrumentation-bedrock'],
  ...['examples', 'exporter-mlflow', 'instrumentation-bedrock', 'mlflow-bedrock'].map((folder) => `${folder}.long`),
];

/** The folders whose long tests share one or two processes, and so a server. */
const LONG_TOGETHER = [
  'examples',
  'exporter-mlflow',
  'instrumentation-bedrock',
  'mlflow-bedrock',
  'examples-cdk-fargate',
];

/** Long test files that run with another one, because both need MLflow and its start takes seconds. */
const WITH_ANOTHER: Readonly<Record<string, string>> = { 'scripts-docs-code.long': 'scripts-first-trace.long' };

/** Groups that wait for outages. */
const WAITING = ['scripts-compose-topology.long'];

/** Ends the name of a test file that takes long, or needs more than packages from npm and PyPI. */
const LONG = '.long.test.ts';

/** Ends the name of a test file that `npm run nightly -- tests` runs, because builds or loads take minutes. */
const NIGHTLY = '.nightly.test.ts';

/** Test files that `npm run test:all` runs once more, with servers of the newest MLflow. They show what is stored. */
export const WITH_NEWEST_MLFLOW: readonly string[] = [
  ...['client/client', 'delivery/refusals', 'delivery/without-root', 'spans/sanitize', 'traces/trace'].map(
    (name) => `packages/exporter-mlflow/test/${name}.test.ts`,
  ),
  'packages/mlflow-bedrock/test/autolog/mlflow.test.ts',
];

/**
 * Puts the selected test files into groups. The short tests of each folder are one or two groups, and so are the long tests
 * of most folders. Every other file is a group. Long tests include a group for the newest MLflow.
 *
 * Most folders are one process, because tests share servers there. It is not one process for all folders: each
 * instrumentation wraps `require` once more (OpenTelemetry's RequireInTheMiddleSingleton). After hundreds of them, a
 * package with a thousand files, as the AWS CDK is, would take an hour to load.
 *
 * @param files paths from the root of the repository
 * @returns the groups in the order in which to start them
 */
export function groupTests(files: readonly string[], selection: Selection): TestGroup[] {
  const groups = new Map<string, string[]>();
  for (const file of files.filter((file) => file.endsWith(NIGHTLY) === (selection === 'nightly'))) {
    const isLong = file.endsWith(LONG) || selection === 'nightly';
    if (selection !== 'all' && selection !== 'nightly' && isLong !== (selection === 'long')) continue;
    const folder = folderOf(file);
    const alone = `${folder}-${basename(basename(file, LONG), NIGHTLY)}.${selection === 'nightly' ? 'nightly' : 'long'}`;
    const isTogether = selection !== 'nightly' && LONG_TOGETHER.includes(folder) && !WAITING.includes(alone);
    const name = isLong ? (isTogether ? `${folder}.long` : (WITH_ANOTHER[alone] ?? alone)) : folder;
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  const ofFolders = [...groups].flatMap(([name, members]) =>
    parts(name, members).map((part) => ({
      ...part,
      isWaiting: WAITING.includes(name),
    })),
  );
  // It takes about a minute, so it starts first.
  const first = selection === 'long' || selection === 'all' ? newestMlflow(files) : [];
  return [...first, ...ofFolders].toSorted((one, other) => WAITING.indexOf(one.name) - WAITING.indexOf(other.name));
}

/** The folder whose tests the file belongs to, such as `exporter-mlflow`; the folders within its tests do not count. */
function folderOf(file: string): string {
  const [folder = ''] = file.split('/test/');
  return folder.replace(/^packages\//, '').replaceAll('/', '-');
}

function parts(name: string, files: readonly string[]): { name: string; files: readonly string[] }[] {
  if (!IN_TWO_PROCESSES.includes(name) || files.length < 2) return [{ name, files }];
  return [0, 1].map((part) => ({ name: `${name}-${part + 1}`, files: files.filter((_, at) => at % 2 === part) }));
}

function newestMlflow(files: readonly string[]): TestGroup[] {
  const chosen = files.filter((file) => WITH_NEWEST_MLFLOW.includes(file));
  if (chosen.length === 0) return [];
  const version = NEWEST_MLFLOW_VERSION;
  // A server of the user's has another version.
  const env = { MLFLOW_TEST_VERSION: version, MLFLOW_TEST_URI: '' };
  return [{ name: `mlflow-${version}`, files: chosen, isWaiting: false, env }];
}
