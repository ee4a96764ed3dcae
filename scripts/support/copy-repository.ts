import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { MLFLOW_HOME } from 'testing/mlflow/install.js';

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * Copies the files that Git knows or would add, for tasks that change files. What is installed below `.mlflow` is shared.
 *
 * @param copy replaced if it exists
 * @returns the files, as paths from the root of the repository
 */
export async function copyRepository(copy: string): Promise<string[]> {
  rmSync(copy, { recursive: true, force: true });
  const { stdout } = await execa('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
  });
  const files = stdout.split('\0').filter(Boolean);
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy, file));
  }
  symlinkSync(MLFLOW_HOME, join(copy, '.mlflow'));
  return files;
}
