/** A small OpenTelemetry collector from PyPI (rotel), which tests can run without a Go toolchain. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages } from './mlflow/install.js';
import { ROTEL } from './mlflow/package-sets.js';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.js';
import { freePorts } from './ports.js';
import { answers, startServer } from './server.js';

/** Where a collector sends all spans. */
interface CollectorTarget {
  /** OTLP/HTTP endpoint, without `/v1/traces`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A collector with one exporter. */
interface Forwarder {
  /** Where applications send their traces: an OTLP/HTTP endpoint, without `/v1/traces`. */
  readonly url: string;
  close(): Promise<void>;
}

/** A collector with the backend behind it. */
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

/** Starts a collector that forwards every span to one target. Rotel supports one exporter for traces only. */
export async function startForwarder({ url: endpoint, headers = {} }: CollectorTarget): Promise<Forwarder> {
  const directory = await mkdtemp(join(tmpdir(), 'collector-'));
  const [http, grpc] = await freePorts(2);
  const url = `http://127.0.0.1:${http}`;
  const { close } = await startServer({
    name: 'The collector',
    command: [
      ...([await findAgent(), 'start', '--otlp-http-endpoint', `127.0.0.1:${http}`] as const),
      ...['--otlp-grpc-endpoint', `127.0.0.1:${grpc}`],
      ...['--exporter', 'otlp', '--otlp-exporter-protocol', 'http', '--otlp-exporter-endpoint', endpoint],
      ...Object.entries(headers).flatMap(([name, value]) => ['--otlp-exporter-custom-headers', `${name}=${value}`]),
      ...['--batch-timeout', '100ms', '--pid-file', join(directory, 'pid'), '--log-file', join(directory, 'log')],
    ],
    directory,
    isTemporary: true,
    isReady: () => answers(url),
    stopSignal: 'SIGTERM',
  });
  return { url, close };
}

/** The agent's program, which is part of its package. */
async function findAgent(): Promise<string> {
  return join(await installPackages(ROTEL, () => {}), 'rotel', 'rotel-agent');
}
