import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installMlflow } from 'testing/mlflow/install.js';

/**
 * Runs evaluate.py with the Python that has MLflow; its output goes to ours.
 *
 * @param settings environment variables that evaluate.py reads
 * @returns its exit code
 */
export async function runEvaluation(settings: NodeJS.ProcessEnv): Promise<number> {
  const { python } = await installMlflow(console.log);
  const child = spawn(python, [join(import.meta.dirname, 'evaluate.py')], {
    env: { ...process.env, ...settings, ...PYTHON_ENV },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const endChild = (): void => void child.kill();
  process.once('exit', endChild);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('exit', endChild);
  return code ?? 1;
}

const PYTHON_ENV: NodeJS.ProcessEnv = {
  PYTHONUTF8: '1',
  // An experiment by name would win over the one by id.
  MLFLOW_EXPERIMENT_NAME: undefined,
  // Neither usage reports nor a price list from the internet: nothing but MLflow and the judge is called.
  MLFLOW_DISABLE_TELEMETRY: 'true',
  MLFLOW_MODEL_CATALOG_URI: '',
  // With it, every start compiles all of MLflow again.
  PYTHONDONTWRITEBYTECODE: undefined,
};
