/** A real OpenTelemetry collector (rotel), and the receiver behind it that shows what it passed on. */

import { execFile, spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { installMlflow } from '../mlflow/install.js';
import { decodeTraceRequest, type ReceivedSpan } from './otlp-decode.js';
import { freePort } from './ports.js';
import { answers, waitForServer } from './process.js';

const ROTEL = 'rotel==0.0.1a15';

export interface Collector {
  /** Where applications send their traces: an OTLP/HTTP endpoint for `/v1/traces`. */
  readonly url: string;
  /** Resolves with everything the collector has passed on, once that is at least `count` spans. */
  received(count: number): Promise<readonly ReceivedSpan[]>;
  close(): Promise<void>;
}

/** Starts a collector that forwards every span to a receiver of the test's own. */
export async function startCollector(): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  let onSpans: () => void = () => undefined;
  const receiver = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const bytes = Buffer.concat(parts);
      spans.push(...decodeTraceRequest(request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      onSpans();
    });
  });
  const receiverPort = await listen(receiver);
  const directory = await mkdtemp(join(tmpdir(), 'collector-'));
  const httpPort = await freePort();
  const program = spawn(
    await findAgent(),
    [
      'start',
      ...['--otlp-http-endpoint', `127.0.0.1:${httpPort}`, '--otlp-grpc-endpoint', `127.0.0.1:${await freePort()}`],
      ...['--exporter', 'otlp', '--otlp-exporter-protocol', 'http'],
      ...['--otlp-exporter-endpoint', `http://127.0.0.1:${receiverPort}`],
      ...['--batch-timeout', '100ms', '--pid-file', join(directory, 'pid'), '--log-file', join(directory, 'log')],
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${httpPort}`;
  const closeReceiver = async (): Promise<void> => {
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
  };
  const closeAgent = await waitForServer({
    name: 'The collector',
    program,
    directory,
    isReady: () => answers(url),
    signal: 'SIGTERM',
  }).catch(async (error: unknown) => {
    await closeReceiver();
    throw error;
  });
  return {
    url,
    received: (count) =>
      new Promise((resolve) => {
        onSpans = () => {
          if (spans.length >= count) resolve(spans);
        };
        onSpans();
      }),
    async close() {
      await closeAgent();
      await closeReceiver();
    },
  };
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

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
