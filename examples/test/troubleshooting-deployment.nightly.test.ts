/** Checks docs/troubleshooting.md: MLflow's messages about its database and its object store. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { installMlflow, installPackages } from 'testing/mlflow/install.js';
import { DATABASE_PACKAGES } from 'testing/mlflow/package-sets.js';
import { type MlflowServer, runMlflow } from 'testing/mlflow/server.js';
import { createObjectStore, type ObjectStore } from 'testing/object-store.js';
import { freePort } from 'testing/ports.js';
import { createPostgres, type Postgres } from 'testing/postgres.js';
import { exporterSays } from './support/exporter-says.js';
import { expectQuoted } from './support/troubleshooting-page.js';

const DATABASE = 'mlflow:secret@127.0.0.1';

describe('docs/troubleshooting.md: database and object store', function () {
  this.timeout(180_000);
  let python: string;
  let packages: string;

  before(async () => {
    ({ python } = await installMlflow(() => {}));
    packages = await installPackages(DATABASE_PACKAGES, () => {});
  });

  it('quotes the messages about a missing driver, a closed port and an unknown name at the start of the server', async () => {
    const closed = await freePort();
    const withDriver = { PYTHONPATH: packages };
    const [psycopg, psycopg2, refused, unknown] = await Promise.all([
      startFails(python, `postgresql://${DATABASE}:${closed}/mlflow`, /^ModuleNotFoundError: .*/m),
      startFails(python, `postgresql+psycopg2://${DATABASE}:${closed}/mlflow`, /^ModuleNotFoundError: .*/m),
      startFails(python, `postgresql+psycopg2://${DATABASE}:${closed}/mlflow`, /^\(psycopg2\.Op.*\n.*/m, withDriver),
      startFails(
        python,
        'postgresql+psycopg2://mlflow:secret@postgres.invalid:5432/mlflow',
        /^\(psycopg2\.Op.*/m,
        withDriver,
      ),
    ]);
    expectQuoted(psycopg);
    expectQuoted(psycopg2);
    expectQuoted(refused, { [`port ${closed}`]: 'port 5432' });
    expectQuoted(unknown, { 'postgres.invalid': 'postgres.mlflow.internal' });
  });

  it('quotes the message about a port that does not answer, as behind a closed security group', async function () {
    // Other systems do not drop connections if the backlog is full, or do not have tcp_user_timeout.
    if (process.platform !== 'linux') return this.skip();
    const silent = await startSilentPort(python);
    try {
      // Without this limit, Linux tries for two minutes.
      const uri = `postgresql+psycopg2://${DATABASE}:${silent.port}/mlflow?tcp_user_timeout=2000`;
      const said = await startFails(python, uri, /^\(psycopg2\.Op.*\n.*/m, { PYTHONPATH: packages });
      expectQuoted(said, { [`port ${silent.port}`]: 'port 5432' });
    } finally {
      await silent.close();
    }
  });

  describe('while the server runs', () => {
    const directories: string[] = [];
    let postgres: Postgres;
    let store: ObjectStore;
    let server: MlflowServer;
    let withoutKeys: MlflowServer;
    let mayOnlyRead: MlflowServer;
    const serverLog = (index: number): Promise<string> =>
      readFile(join(directories[index] as string, 'server.log'), 'utf8');

    before(async () => {
      const reader = { accessKey: 'reader', secretKey: 'reads-only' };
      const account = { user: 'mlflow', password: 'secret', database: 'mlflow' };
      [postgres, store] = await Promise.all([
        createPostgres({ packages, ...account }),
        createObjectStore({ packages, accessKey: 'key', secretKey: 'secret', reader }),
      ]);
      await Promise.all([postgres.start(), store.start()]);
      for (let index = 0; index < 3; index++) directories.push(await mkdtemp(join(tmpdir(), 'troubleshooting-')));
      const env = {
        PYTHONPATH: packages,
        MLFLOW_S3_ENDPOINT_URL: `http://127.0.0.1:${store.port}`,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
        AWS_CONFIG_FILE: '/nonexistent',
      };
      const serve = async (directory = '', store: string, keys: NodeJS.ProcessEnv): Promise<MlflowServer> => {
        const port = await freePort();
        const listen = ['--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
        const stores = ['--backend-store-uri', store, '--artifacts-destination', 's3://mlflow/artifacts'];
        const url = `http://127.0.0.1:${port}`;
        return runMlflow({ args: ['server', ...listen, ...stores], env: { ...env, ...keys }, url, directory });
      };
      const wrongKeys = { AWS_ACCESS_KEY_ID: 'not-the-key', AWS_SECRET_ACCESS_KEY: 'not-the-secret' };
      const readersKeys = { AWS_ACCESS_KEY_ID: reader.accessKey, AWS_SECRET_ACCESS_KEY: reader.secretKey };
      [server, withoutKeys, mayOnlyRead] = await Promise.all([
        serve(directories[0], `postgresql+psycopg2://${DATABASE}:${postgres.port}/mlflow`, wrongKeys),
        serve(directories[1], `sqlite:///${directories[1]}/mlflow.db`, {}),
        serve(directories[2], `sqlite:///${directories[2]}/mlflow.db`, readersKeys),
      ]);
    });
    after(async () => {
      await Promise.all([server?.close(), withoutKeys?.close(), mayOnlyRead?.close(), store?.close()]);
      await postgres?.close();
      for (const directory of directories) await rm(directory, { recursive: true, force: true });
    });

    it('quotes the messages about missing, unknown and unauthorised keys for the object store', async () => {
      for (const [index, { url }] of [server, withoutKeys, mayOnlyRead].entries()) {
        const upload = await fetch(`${url}/api/2.0/mlflow-artifacts/artifacts/0/chart.txt`, {
          method: 'PUT',
          body: 'x',
        });
        expectQuoted(`${upload.status} ${await upload.text()}`);
        const said = await found(() => serverLog(index), /^boto(core|3)\.exceptions\..*/m);
        expectQuoted(said.replace(/\S+\/tmp\w+\//, '/tmp/…/'));
      }
    });

    it('quotes the messages of exporter and server after the loss of the database', async () => {
      expect(await exporterSays({ trackingUri: server.url, experimentName: 'my-agents' })).to.equal('');
      await postgres.close();
      const said = await exporterSays({ trackingUri: server.url, experimentName: 'my-agents', timeoutMillis: 3000 });
      expectQuoted(said, { [server.url]: 'http://localhost:5000', [`port ${postgres.port}`]: 'port 5432' });
    });
  });
});

/** Accepts no connection: the only place in its queue is taken, and Linux drops later ones. */
const SILENT_PORT = `
import socket, sys
server = socket.socket()
server.bind(('127.0.0.1', 0))
server.listen(0)
waiting = [socket.socket() for _ in range(2)]
for client in waiting:
    client.setblocking(False)
    client.connect_ex(server.getsockname())
print(server.getsockname()[1], flush=True)
sys.stdin.read()
`;

async function startSilentPort(python: string): Promise<{ port: string; close(): Promise<void> }> {
  const program = spawn(python, ['-c', SILENT_PORT], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(program, 'close');
  const [port] = (await once(program.stdout.setEncoding('utf8'), 'data')) as [string];
  return {
    port: port.trim(),
    async close() {
      program.stdin.end();
      await closed;
    },
  };
}

/** Starts `mlflow server`, returns the part of its output that matches the pattern, and ends it. */
async function startFails(
  python: string,
  backendStoreUri: string,
  pattern: RegExp,
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const { PYTHONDONTWRITEBYTECODE: _, ...inherited } = process.env;
  const server = spawn(
    python,
    [
      ...['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(await freePort()), '--workers', '1'],
      ...['--backend-store-uri', backendStoreUri, '--artifacts-destination', join(tmpdir(), 'never-written')],
    ],
    { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  let output = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const closed = once(server, 'close');
  try {
    return await found(async () => output, pattern);
  } finally {
    if (server.exitCode === null && server.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
    await closed;
  }
}

/** Waits for a whole line that matches the pattern, and returns the match. */
async function found(read: () => Promise<string>, pattern: RegExp): Promise<string> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const text = await read();
    const [match] = pattern.exec(text.slice(0, text.lastIndexOf('\n'))) ?? [];
    if (match !== undefined) return match;
    await delay(100);
  }
  throw new Error(`Nothing matched ${pattern}:\n${await read()}`);
}
