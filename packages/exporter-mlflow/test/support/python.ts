import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { installMlflow } from 'testing/mlflow/install.js';

/** Runs a Python program that can import `mlflow`, and returns the JSON of its last line. Rejects if it fails. */
export async function runPython(program: string, ...args: string[]): Promise<unknown> {
  const { python } = await installMlflow(() => {});
  const { stdout } = await promisify(execFile)(python, ['-c', program, ...args], {
    env: { ...process.env, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' },
  });
  return JSON.parse(stdout.trim().split(/\r?\n/).at(-1) ?? '');
}
