/** MiniStack, an emulator of AWS by other people, which has an endpoint of Bedrock Runtime. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMlflow, installPackages } from './mlflow/install.js';
import { MINISTACK } from './mlflow/package-sets.js';
import { freePort } from './ports.js';
import { answers, startServer } from './server.js';

/** A running emulator. */
export interface Ministack {
  readonly url: string;
  close(): Promise<void>;
}

/** Where to run MiniStack from. */
interface MinistackInstallation {
  readonly python: string;
  /** Folder of its package and of the packages it needs. */
  readonly packages: string;
}

/**
 * Installs MiniStack from PyPI.
 *
 * @throws Error if it cannot be downloaded
 */
export async function installMinistack(): Promise<MinistackInstallation> {
  const { python } = await installMlflow(() => {});
  return { python, packages: await installPackages(MINISTACK, () => {}) };
}

/** Starts the emulator on a free port. */
export async function startMinistack({ python, packages }: MinistackInstallation): Promise<Ministack> {
  const directory = await mkdtemp(join(tmpdir(), 'ministack-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { close } = await startServer({
    name: 'MiniStack',
    command: [python, '-m', 'ministack'],
    directory,
    isTemporary: true,
    env: {
      ...process.env,
      PYTHONPATH: packages,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      IOT_MTLS_ENABLED: '0',
      TMPDIR: directory,
    },
    isReady: () => answers(`${url}/_ministack/health`),
  });
  return { url, close };
}
