/** MiniStack, a local emulator of AWS that is not this project's, with an endpoint of Bedrock Runtime. */

import { execFile, spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installMlflow } from './mlflow/install.js';
import { freePort } from './ports.js';
import { answers, waitForServer } from './process.js';

const MINISTACK = 'ministack==1.5.33';

export interface Ministack {
  readonly url: string;
  close(): Promise<void>;
}

/** A place to run MiniStack from. */
export interface MinistackInstallation {
  readonly python: string;
  /** Folder of its package and those it needs. */
  readonly packages: string;
}

/**
 * Brings MiniStack from the package registry through uv, which keeps it in its cache.
 *
 * @throws Error when it cannot be downloaded
 */
export async function installMinistack(): Promise<MinistackInstallation> {
  const { python } = await installMlflow(() => {});
  const locate = 'import ministack, os; print(os.path.dirname(os.path.dirname(ministack.__file__)))';
  const { stdout } = await promisify(execFile)(python, [
    ...['-m', 'uv', 'run', '--quiet', '--no-project', '--with', MINISTACK, 'python', '-c', locate],
  ]);
  return { python, packages: stdout.trim() };
}

export async function startMinistack({ python, packages }: MinistackInstallation): Promise<Ministack> {
  const directory = await mkdtemp(join(tmpdir(), 'ministack-'));
  const port = await freePort();
  const program = spawn(python, ['-m', 'ministack'], {
    cwd: directory,
    env: {
      ...process.env,
      PYTHONPATH: packages,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      IOT_MTLS_ENABLED: '0',
      TMPDIR: directory,
    },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  // SIGTERM it answers only when every connection has gone; nothing of it is kept.
  const close = await waitForServer({
    name: 'MiniStack',
    program,
    directory,
    isReady: () => answers(`${url}/_ministack/health`),
  });
  return { url, close };
}
