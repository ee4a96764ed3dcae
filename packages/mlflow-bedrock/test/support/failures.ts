import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { PROGRAMS } from './programs.js';

/** What the OTLP exporter logs of a backend that answers 400. */
export const OTLP = 'OTLPExporterError: Bad Request';

export interface Failures {
  start(listener: RequestListener): Promise<string>;
  /** A server that takes everything as MLflow does, except what `status` refuses. */
  startMlflow(status?: (path: string) => number): Promise<string>;
  /** A backend that refuses everything after this time, in milliseconds. Default: at once. */
  startRefusing(millis?: number): Promise<string>;
  /** Runs `failing.cjs`, and returns the lines of its log. */
  lines(args: string[], env: NodeJS.ProcessEnv): Promise<string[]>;
}

/** Starts failing backends and applications, and ends them after each test. */
export function failures(): Failures {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  const start = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  return {
    start,
    startMlflow: (status = () => 200) =>
      start((request, response) => {
        const { url = '' } = request;
        const experiment = { experiment_id: '7', name: 'local', lifecycle_stage: 'active' };
        request.resume().once('end', () => {
          response.writeHead(status(url), { 'content-type': 'application/json' });
          response.end(url.includes('/experiments/') ? JSON.stringify({ experiment }) : '{}');
        });
      }),
    startRefusing: (millis = 0) =>
      start((request, response) => {
        request.resume().once('end', () => setTimeout(() => response.writeHead(400).end(), millis));
      }),
    async lines(args, env) {
      const { NODE_OPTIONS: _, ...own } = process.env;
      const child = spawn(process.execPath, ['failing.cjs', ...args], {
        cwd: PROGRAMS,
        env: { ...own, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      closing.push(() => void child.kill('SIGKILL'));
      const [stderr] = await Promise.all([text(child.stderr), once(child, 'exit')]);
      return stderr.split('\n').filter((line) => line !== '');
    },
  };
}
