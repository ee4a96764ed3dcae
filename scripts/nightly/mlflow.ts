/** Tests with the newest MLflow that PyPI can install. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { buildPackages } from 'testing/build.js';
import { installMlflow, MLFLOW_HOME } from 'testing/mlflow/install.js';
import { runMlflow } from 'testing/mlflow/server.js';
import { freePort } from 'testing/ports.js';
import { runNode } from 'testing/run.js';
import { WITH_NEWEST_MLFLOW } from '../support/test-groups.js';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = join(MLFLOW_HOME, 'nightly', 'mlflow');
const VERSION = 'from importlib.metadata import version; print(version("mlflow"))';

/** @returns whether the tests of what is stored pass with a server of this version */
export async function testNewestMlflow(log: (line: string) => void): Promise<boolean> {
  await buildPackages();
  const { python } = await installMlflow(log);
  log('Installing the newest MLflow, without the hashes of the lock files');
  rmSync(FOLDER, { recursive: true, force: true });
  await execa(python, ['-m', 'uv', 'pip', 'install', '--quiet', '--python', python, '--target', FOLDER, 'mlflow']);
  const { stdout: version } = await execa(python, ['-c', VERSION], { env: { PYTHONPATH: FOLDER } });

  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'mlflow-'));
  const url = `http://127.0.0.1:${port}`;
  const store = ['--backend-store-uri', `sqlite:///${join(directory, 'mlflow.db')}`];
  const artifacts = ['--artifacts-destination', join(directory, 'artifacts')];
  log(`Starting MLflow ${version}`);
  const server = await runMlflow({
    args: ['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', ...store, ...artifacts],
    env: { PYTHONPATH: FOLDER },
    ...{ url, directory, isTemporary: true },
  });
  try {
    const env = { ...process.env, MLFLOW_TEST_URI: url, MLFLOW_TEST_VERSION: version, MLFLOW_MODEL_CATALOG_URI: '' };
    const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
    const { code } = await runNode([mocha, ...WITH_NEWEST_MLFLOW], { cwd: ROOT, env, inherit: true });
    return code === 0;
  } finally {
    await server.close();
  }
}
