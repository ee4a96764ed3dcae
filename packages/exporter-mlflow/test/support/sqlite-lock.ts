import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { installMlflow } from 'testing/mlflow/install.js';

const HOLD = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
database.execute("ROLLBACK")
`;

/** Locks a SQLite database, as a backup can do, until the returned function is called. */
export async function lockDatabase(file: string): Promise<() => Promise<void>> {
  const { python } = await installMlflow(() => {});
  const holder = spawn(python, ['-c', HOLD, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(holder, 'exit');
  await Promise.race([
    once(holder.stdout, 'data'),
    exited.then(([code]) => {
      throw new Error(`The database could not be locked: exit code ${code}`);
    }),
  ]);
  return async () => {
    holder.stdin.end();
    await exited;
  };
}
