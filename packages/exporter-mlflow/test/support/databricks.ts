import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorkspace, type Workspace } from 'testing/managed/databricks/workspace.js';
import { MlflowClient, type MlflowConnectionConfig } from '../../src/index.js';
import { eachEnvironment } from './environment.js';

type StorageType = NonNullable<Parameters<typeof startWorkspace>[0]>;

/** The token of the workspaces that {@link eachWorkspace} starts. */
export const TOKEN = 'dapi-0123456789abcdef';

/**
 * Gives each test of a suite an environment without settings of Databricks and MLflow, and a workspace whose host and token
 * are in the environment.
 */
export function eachWorkspace(closing: (() => Promise<void> | void)[]): {
  start(type?: StorageType): Promise<Workspace>;
} {
  const environment = eachEnvironment(/^(?:DATABRICKS|MLFLOW)_/);
  return {
    async start(type) {
      const workspace = await startWorkspace(type);
      closing.push(workspace.close);
      workspace.tokens.add(TOKEN);
      environment.set({ DATABRICKS_HOST: workspace.url, DATABRICKS_TOKEN: TOKEN });
      return workspace;
    },
  };
}

/** The experiment in the workspaces of {@link eachProfile}. Its id is 7. */
export const NAME = '/Users/ada@example.com/traces';

/** What a test about settings of Databricks needs. */
interface ProfileTest {
  readonly workspace: Workspace;
  /** A path in a folder of its own, for profiles. There is no file yet. */
  readonly file: string;
  /** Sets variables of the environment for this test. */
  environment(values: Record<string, string>): void;
  newClient(config?: MlflowConnectionConfig): MlflowClient;
  /** The header `authorization` of each request so far. */
  sent(): unknown[];
}

/** Gives each test of a suite a workspace without settings in the environment, and a path for profiles. */
export function eachProfile(closing: (() => Promise<void> | void)[]): ProfileTest {
  const workspaces = eachWorkspace(closing);
  let workspace: Workspace;
  let file: string;
  const environment = (values: Record<string, string>): void => void Object.assign(process.env, values);
  beforeEach(async () => {
    workspace = await workspaces.start();
    workspace.experiments.set('7', NAME);
    const folder = mkdtempSync(join(tmpdir(), 'databricks-'));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    file = join(folder, 'databrickscfg');
    for (const name of ['DATABRICKS_HOST', 'DATABRICKS_TOKEN']) delete process.env[name];
    environment({ DATABRICKS_CONFIG_FILE: file });
  });
  return {
    get workspace() {
      return workspace;
    },
    get file() {
      return file;
    },
    environment,
    newClient(config) {
      const retry = { initialBackoffMillis: 1, maxRetries: 1 };
      const client = new MlflowClient({ trackingUri: 'databricks', retry, ...config });
      closing.push(() => client.close());
      return client;
    },
    sent: () => workspace.requests.map(({ headers }) => headers.authorization),
  };
}

/** The message of the error that the work fails with. */
export async function failureOf(work: () => Promise<unknown>): Promise<string> {
  return work().then(
    () => 'no error',
    (error: Error) => error.message,
  );
}
