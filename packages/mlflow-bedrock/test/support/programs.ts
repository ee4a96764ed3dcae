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

/** The folder of the programs. */
export const PROGRAMS: string = fileURLToPath(new URL('../programs/', import.meta.url));

export const IMPORT: readonly string[] = ['--import', 'mlflow-bedrock/register'];
export const REQUIRE: readonly string[] = ['--require', 'mlflow-bedrock/register'];
/** Port 9 of this machine, where no server listens: connections are refused. */
export const NOBODY = 'http://127.0.0.1:9';

/** The output and the end of a program. */
export interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** The program that runs them. Default: the Node.js of this process. */
  readonly runtime?: string;
  /** Default: {@link PROGRAMS}. */
  readonly cwd?: string;
  /** Signals to send, one each time the program writes to stdout. */
  readonly kills?: readonly NodeJS.Signals[];
  /** Receives the function that sends a signal. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
}

export interface Programs {
  simulator(): Simulator;
  trackingUri(): string;
  /** Environment variables for Bedrock and MLflow, with a new experiment each time. */
  environment(): NodeJS.ProcessEnv & { MLFLOW_EXPERIMENT_NAME: string };
  /** Resolves with `millis` from the program's first output to its end, and with its traces, oldest first. */
  run(args: readonly string[], options?: RunOptions): Promise<Run & { millis: number; traces: MlflowTrace[] }>;
}

/** Starts the simulator and MLflow before the tests of the calling suite. */
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
    async run(args, { env, kills = [], onStart, runtime = process.execPath, cwd = PROGRAMS } = {}) {
      const all = { ...environment(), ...env };
      const child = spawn(runtime, args, { cwd, env: all, stdio: ['ignore', 'pipe', 'pipe'] });
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

/** A stack frame that Node.js 20 adds in every application that uses AsyncLocalStorage. */
const TRAMPOLINE = / +at process\.callbackTrampoline .*\n/;

/** The part of a run that must be the same with and without tracing. */
export function behaviour({ stdout, stderr, code, signal }: Run): Run {
  return { stdout, stderr: stderr.replace(TRAMPOLINE, ''), code, signal };
}

/** Starts a server that answers every request with this status. */
export async function startStatusServer(status: number): Promise<{ url: string; close(): void }> {
  const server = createHttpServer((_, response) => response.writeHead(status).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}

/** Starts a server that accepts connections and never answers. */
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
