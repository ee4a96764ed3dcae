/** Runs the programs beside the tests, each in a process of its own, with the built package. */

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { MlflowClient, type MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { testServer } from 'testing/mlflow-test-server.js';

/** Where they are. */
export const PROGRAMS: string = fileURLToPath(new URL('../programs/', import.meta.url));

export const IMPORT: readonly string[] = ['--import', 'mlflow-bedrock/register'];
export const REQUIRE: readonly string[] = ['--require', 'mlflow-bedrock/register'];
/** The discard service, which nobody runs: connections are refused. */
export const NOBODY = 'http://127.0.0.1:9';

/** What a user sees of a program that ended. */
export interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Sent one after another, each when the program has written to stdout. */
  readonly kills?: readonly NodeJS.Signals[];
  /** Given the function that sends a signal. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
}

export interface Programs {
  simulator(): Simulator;
  trackingUri(): string;
  /** What a program needs for Bedrock and MLflow; each time with a new experiment. */
  environment(): NodeJS.ProcessEnv & { MLFLOW_EXPERIMENT_NAME: string };
  /** `millis` from the program's first word on stdout to its end, and the traces that arrived, oldest first. */
  run(args: readonly string[], options?: RunOptions): Promise<Run & { millis: number; traces: MlflowTrace[] }>;
}

/** Starts simulator and MLflow before the tests of the suite that calls it. */
export function usePrograms(): Programs {
  let simulator: Simulator;
  let trackingUri: string;
  let client: MlflowClient;
  before(async function () {
    this.timeout(300_000);
    simulator = await startSimulator();
    trackingUri = (await testServer()).url;
    client = new MlflowClient({ trackingUri });
  });
  after(async () => {
    client.close();
    await simulator.close();
  });

  const environment = () => {
    const { NODE_OPTIONS: _, ...own } = process.env;
    return {
      ...own,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
      MLFLOW_TRACKING_URI: trackingUri,
      MLFLOW_EXPERIMENT_NAME: `programs-${randomUUID()}`,
    };
  };

  const arrived = async (experimentName: string): Promise<MlflowTrace[]> => {
    const experiment = await client.getExperimentByName(experimentName);
    if (!experiment) return [];
    const search = { experimentIds: [experiment.experimentId], orderBy: ['timestamp_ms ASC'] };
    const { traces } = await client.searchTraces(search);
    return Promise.all(traces.map(({ traceId }) => client.getTrace(traceId)));
  };

  return {
    simulator: () => simulator,
    trackingUri: () => trackingUri,
    environment,
    async run(args, { env, kills = [], onStart } = {}) {
      const all = { ...environment(), ...env };
      const child = spawn(process.execPath, args, { cwd: PROGRAMS, env: all, stdio: ['ignore', 'pipe', 'pipe'] });
      onStart?.((signal) => child.kill(signal));
      let spoke = performance.now();
      child.stdout.once('data', () => {
        spoke = performance.now();
      });
      const signals = [...kills];
      child.stdout.on('data', () => {
        const next = signals.shift();
        if (next) child.kill(next);
      });
      const [stdout, stderr, [code, signal]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
      ]);
      const millis = performance.now() - spoke;
      return { stdout, stderr, code, signal, millis, traces: await arrived(all.MLFLOW_EXPERIMENT_NAME) };
    },
  };
}

/** A frame of Node.js 20 itself, in every stack of an application in which something uses AsyncLocalStorage. */
const TRAMPOLINE = / +at process\.callbackTrampoline .*\n/;

/** What must be the same with and without tracing. */
export function behaviour({ stdout, stderr, code, signal }: Run): Run {
  return { stdout, stderr: stderr.replace(TRAMPOLINE, ''), code, signal };
}

/** A server that answers every request with this status. */
export async function startStatusServer(status: number): Promise<{ url: string; close(): void }> {
  const server = createHttpServer((_, response) => response.writeHead(status).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}

/** A server that takes connections and never answers. */
export async function startBlackHole(onConnection?: () => void): Promise<{ url: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection?.();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
