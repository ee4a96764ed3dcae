import { startWorkspace, type Workspace } from 'testing/managed/databricks/workspace.js';

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
  const before = { ...process.env };
  beforeEach(() => {
    for (const name of Object.keys(process.env)) if (/^(?:DATABRICKS|MLFLOW)_/.test(name)) delete process.env[name];
  });
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (/^(?:DATABRICKS|MLFLOW)_/.test(name)) delete process.env[name];
    Object.assign(process.env, before);
  });
  return {
    async start(type) {
      const workspace = await startWorkspace(type);
      closing.push(workspace.close);
      workspace.tokens.add(TOKEN);
      Object.assign(process.env, { DATABRICKS_HOST: workspace.url, DATABRICKS_TOKEN: TOKEN });
      return workspace;
    },
  };
}
