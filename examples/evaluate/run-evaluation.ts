import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installMlflow } from 'testing/mlflow/install.js';

/**
 * Runs evaluate.py with the Python that has MLflow. Its output goes to the terminal of this process.
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
  // The name would win over the experiment's id.
  MLFLOW_EXPERIMENT_NAME: undefined,
  // No usage reports and no price list from the internet: the script calls only MLflow and the judge.
  MLFLOW_DISABLE_TELEMETRY: 'true',
  MLFLOW_MODEL_CATALOG_URI: '',
  // If it were set, Python would compile all of MLflow at every start.
  PYTHONDONTWRITEBYTECODE: undefined,
};
