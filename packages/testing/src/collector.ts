/** A small OpenTelemetry collector from a Python package (rotel): what is true of it needs no toolchain to be tested. */

import { execFile, spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installMlflow } from './mlflow/install.js';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.js';
import { freePort } from './ports.js';
import { answers, waitForServer } from './process.js';

const ROTEL = 'rotel==0.0.1a15';

/** Where a collector sends everything it gets. */
export interface CollectorTarget {
  /** OTLP/HTTP endpoint, without `/v1/traces`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Forwarder {
  /** Where applications send their traces: an OTLP/HTTP endpoint for `/v1/traces`. */
  readonly url: string;
  close(): Promise<void>;
}

export interface Collector extends Forwarder, Pick<OtlpReceiver, 'received'> {}

/** Starts a collector that forwards every span to a receiver of the test's own. */
export async function startCollector(): Promise<Collector> {
  const receiver = await startOtlpReceiver();
  const forwarder = await startForwarder(receiver).catch(async (error: unknown) => {
    await receiver.close();
    throw error;
  });
  return {
    url: forwarder.url,
    received: receiver.received,
    async close() {
      await forwarder.close();
      await receiver.close();
    },
  };
}

/** Starts a collector that forwards every span to one target; this one has no more than one exporter for traces. */
export async function startForwarder({ url: endpoint, headers = {} }: CollectorTarget): Promise<Forwarder> {
  const directory = await mkdtemp(join(tmpdir(), 'collector-'));
  const httpPort = await freePort();
  const program = spawn(
    await findAgent(),
    [
      'start',
      ...['--otlp-http-endpoint', `127.0.0.1:${httpPort}`, '--otlp-grpc-endpoint', `127.0.0.1:${await freePort()}`],
      ...['--exporter', 'otlp', '--otlp-exporter-protocol', 'http', '--otlp-exporter-endpoint', endpoint],
      ...Object.entries(headers).flatMap(([name, value]) => ['--otlp-exporter-custom-headers', `${name}=${value}`]),
      ...['--batch-timeout', '100ms', '--pid-file', join(directory, 'pid'), '--log-file', join(directory, 'log')],
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${httpPort}`;
  const close = await waitForServer({
    name: 'The collector',
    program,
    directory,
    isReady: () => answers(url),
    signal: 'SIGTERM',
  });
  return { url, close };
}

/** The agent's binary, from the package registry through uv, which keeps it in its cache. */
async function findAgent(): Promise<string> {
  const { python } = await installMlflow(() => {});
  const locate = 'import os, rotel; print(os.path.join(os.path.dirname(rotel.__file__), "rotel-agent"))';
  const { stdout } = await promisify(execFile)(python, [
    ...['-m', 'uv', 'run', '--quiet', '--no-project', '--prerelease', 'allow', '--with', ROTEL],
    ...['python', '-c', locate],
  ]);
  return stdout.trim();
}
