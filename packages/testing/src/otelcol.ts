/** The real OpenTelemetry Collector, built by Go from deploy/collector/builder.yaml and run with the files beside it. */

import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { MLFLOW_HOME } from './mlflow/install.js';
import { withInstallLock } from './mlflow/install-lock.js';
import { freePorts } from './ports.js';
import { createPart, type Part, removeDirectory, waitForServer } from './process.js';

export const COLLECTOR_FOLDER: string = resolve(import.meta.dirname, '../../../deploy/collector');

const BUILDER = 'go.opentelemetry.io/collector/cmd/builder@v0.164.0';
const OLDEST_GO = [1, 25] as const;
const HOME = join(MLFLOW_HOME, 'otelcol');
const MANIFEST = join(COLLECTOR_FOLDER, 'builder.yaml');
// Written last: what was built is what it says.
const BUILT_MANIFEST = join(HOME, 'builder.yaml');
const PROGRAM = join(HOME, 'otelcol', 'otelcol');
const run = promisify(execFile);

/** Why the Collector cannot be built here; `undefined` when it can. */
export async function whyNoOtelcol(): Promise<string | undefined> {
  if (isBuilt()) return undefined;
  const needs = `needs Go ${OLDEST_GO.join('.')} or newer on the PATH`;
  const { stdout } = await run('go', ['env', 'GOVERSION']).catch(() => ({ stdout: '' }));
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout) ?? [];
  if (major === undefined) return `The OpenTelemetry Collector ${needs}.`;
  const isOld = Number(major) === OLDEST_GO[0] && Number(minor) < OLDEST_GO[1];
  return isOld ? `The OpenTelemetry Collector ${needs}; found ${stdout.trim()}.` : undefined;
}

/** The Collector's program; built in minutes the first time, kept below `.mlflow` until the manifest changes. */
export async function buildOtelcol(log: (line: string) => void): Promise<string> {
  if (isBuilt()) return PROGRAM;
  await mkdir(HOME, { recursive: true });
  await withInstallLock(`${HOME}.lock`, log, async () => {
    if (isBuilt()) return;
    log('Building the OpenTelemetry Collector (minutes the first time)');
    await rm(BUILT_MANIFEST, { force: true });
    // The manifest's output path is relative to where the builder runs.
    const env = { ...process.env, GOFLAGS: '-mod=mod' };
    const command = run('go', ['run', BUILDER, '--config', MANIFEST], { cwd: HOME, env, maxBuffer: 2 ** 26 });
    await command.catch((error: Error & { stderr?: string }) => {
      const said = (error.stderr || error.message).trim().split('\n').slice(-5).join('\n');
      throw new Error(
        `Building the OpenTelemetry Collector failed. Is Go's module proxy (GOPROXY) reachable?\n${said}`,
      );
    });
    await copyFile(MANIFEST, BUILT_MANIFEST);
  });
  return PROGRAM;
}

function isBuilt(): boolean {
  return existsSync(BUILT_MANIFEST) && readFileSync(BUILT_MANIFEST, 'utf8') === readFileSync(MANIFEST, 'utf8');
}

/** Names of files in deploy/collector, in the order of the command line. */
export type CollectorConfigs = readonly [first: 'config.yaml', ...overlays: string[]];

/**
 * What `otelcol validate` says.
 *
 * @throws Error with the Collector's own words when it refuses
 */
export async function validateConfig(configs: CollectorConfigs, env: NodeJS.ProcessEnv): Promise<void> {
  await run(PROGRAM, ['validate', ...configArguments(configs)], { env: { ...process.env, ...env } });
}

export interface Otelcol extends Part {
  /** Where applications send OTLP over HTTP. */
  readonly url: string;
  /** `host:port` for OTLP over gRPC. */
  readonly grpc: string;
  /** Its own metrics, in Prometheus' text. */
  readonly metricsUrl: string;
  /** What it wrote so far. */
  log(): Promise<string>;
  /** Stops it, and removes its queue. */
  close(): Promise<void>;
}

/** Starts the Collector with files of deploy/collector. Stopping kills; it keeps its ports and its queue on disk. */
export async function startOtelcol(configs: CollectorConfigs, env: NodeJS.ProcessEnv): Promise<Otelcol> {
  const directory = await mkdtemp(join(tmpdir(), 'otelcol-'));
  const queue = join(directory, 'queue');
  await mkdir(queue);
  const [http = 0, grpc = 0, health = 0, metrics = 0] = await freePorts(4);
  const logFile = join(directory, 'log');
  const part = createPart(async () => {
    const output = await open(logFile, 'a');
    const program = spawn(PROGRAM, configArguments(configs), {
      cwd: directory,
      stdio: ['ignore', output.fd, output.fd],
      env: {
        ...process.env,
        COLLECTOR_HOST: '127.0.0.1',
        COLLECTOR_HTTP_PORT: String(http),
        COLLECTOR_GRPC_PORT: String(grpc),
        COLLECTOR_HEALTH_PORT: String(health),
        COLLECTOR_METRICS_PORT: String(metrics),
        COLLECTOR_QUEUE_DIRECTORY: queue,
        ...env,
      },
    });
    const isReady = (): Promise<boolean> => isOk(`http://127.0.0.1:${health}/`);
    return waitForServer({ name: 'The Collector', program, isReady, logFile }).finally(() => output.close());
  });
  const log = (): Promise<string> => readFile(logFile, 'utf8');
  const close = async (): Promise<void> => {
    await part.stop();
    await removeDirectory(directory);
  };
  await part.start().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    ...part,
    url: `http://127.0.0.1:${http}`,
    grpc: `127.0.0.1:${grpc}`,
    metricsUrl: `http://127.0.0.1:${metrics}/metrics`,
    log,
    close,
  };
}

/** The health check answers 503 until every pipeline has started. */
async function isOk(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

function configArguments(configs: CollectorConfigs): string[] {
  return configs.flatMap((name) => ['--config', join(COLLECTOR_FOLDER, name)]);
}
