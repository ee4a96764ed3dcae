/** The OpenTelemetry Collector, which Go builds from deploy/collector/builder.yaml. It runs with the files beside it. */

import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ExecaError, execa } from 'execa';
import { withLock } from './lock.js';
import { MLFLOW_HOME } from './mlflow/install.js';
import { freePorts } from './ports.js';
import { answers, type Server, startServer } from './server.js';

const COLLECTOR_FOLDER: string = resolve(import.meta.dirname, '../../../deploy/collector');

const BUILDER = 'go.opentelemetry.io/collector/cmd/builder@v0.164.0';
const OLDEST_GO = [1, 25] as const;
const HOME = join(MLFLOW_HOME, 'otelcol');
const MANIFEST = join(COLLECTOR_FOLDER, 'builder.yaml');
/** The hashes of all modules. `npm run update-tools` writes them. Go checks the builder itself in its public log. */
const SUMS = resolve(import.meta.dirname, '../otelcol.go.sum');
// Written last, so that it describes what was built.
const BUILT_MANIFEST = join(HOME, 'builder.yaml');
const PROGRAM = join(HOME, 'otelcol', 'otelcol');

/** Why the Collector cannot be built here; `undefined` if it can. */
export async function whyNoOtelcol(): Promise<string | undefined> {
  if (isBuilt()) return undefined;
  const needs = `needs Go ${OLDEST_GO.join('.')} or newer on the PATH`;
  const { stdout } = await execa('go', ['env', 'GOVERSION'], { reject: false });
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  if (major === undefined) return `The OpenTelemetry Collector ${needs}.`;
  const isOld = Number(major) === OLDEST_GO[0] && Number(minor) < OLDEST_GO[1];
  return isOld ? `The OpenTelemetry Collector ${needs}; found ${stdout}.` : undefined;
}

/**
 * Builds the Collector, which takes minutes the first time, and keeps it below `.mlflow` until the manifest changes.
 *
 * @returns the path of the program
 * @throws Error with the end of Go's output
 */
export async function buildOtelcol(log: (line: string) => void): Promise<string> {
  if (isBuilt()) return PROGRAM;
  await mkdir(HOME, { recursive: true });
  await withLock(`${HOME}.lock`, log, async () => {
    if (isBuilt()) return;
    log('Building the OpenTelemetry Collector (minutes the first time)');
    await rm(BUILT_MANIFEST, { force: true });
    try {
      await runBuilder(HOME, []);
    } catch (error) {
      const { stderr = '', message } = error as ExecaError;
      const output = String(stderr) || message;
      const lines = output.trim().split('\n').slice(-5).join('\n');
      const advice = /checksum mismatch/.test(output) ? HASH_ADVICE : "Is Go's module proxy (GOPROXY) reachable?";
      throw new Error(`Building the OpenTelemetry Collector failed. ${advice}\n${lines}`);
    }
    await copyFile(MANIFEST, BUILT_MANIFEST);
  });
  return PROGRAM;
}

const HASH_ADVICE =
  'A module is not the one that packages/testing/otelcol.go.sum names by its hash. Find out which proxy delivered it ' +
  '(go env GOPROXY). If the change is intended, run "npm run update-tools" and review the new hashes.';

/** Creates the sources in the folder `otelcol` of `folder`, and compiles them. Go checks each module against {@link SUMS}. */
async function runBuilder(folder: string, options: readonly string[]): Promise<void> {
  const sources = join(folder, 'otelcol');
  await mkdir(sources, { recursive: true });
  await copyFile(SUMS, join(sources, 'go.sum'));
  // The manifest's output path is relative to the working folder.
  // Without optimisations, Go compiles in two thirds of the time.
  const run = ['run', BUILDER, '--config', MANIFEST, '--gcflags', 'all=-N -l', ...options];
  await execa('go', run, { cwd: folder, env: { GOFLAGS: '-mod=mod' } });
}

/**
 * Writes the hashes of all modules anew, without compiling them. Hashes of modules that are still used stay.
 *
 * @throws Error with Go's output
 */
export async function updateSums(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'otelcol-'));
  try {
    await runBuilder(folder, ['--skip-compilation']);
    await copyFile(join(folder, 'otelcol', 'go.sum'), SUMS);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isBuilt(): boolean {
  return existsSync(BUILT_MANIFEST) && readFileSync(BUILT_MANIFEST, 'utf8') === readFileSync(MANIFEST, 'utf8');
}

/** Names of files in deploy/collector, or absolute paths of others, in the order of the command line. */
export type CollectorConfigs = readonly [first: 'config.yaml', ...overlays: string[]];

/**
 * Runs `otelcol validate`.
 *
 * @throws Error with the Collector's own message if it rejects the files
 */
export async function validateConfig(configs: CollectorConfigs, env: NodeJS.ProcessEnv): Promise<void> {
  await execa(PROGRAM, ['validate', ...configArguments(configs)], { env });
}

/** A running Collector. `close()` removes its queue. */
export interface Otelcol extends Server {
  /** Where applications send OTLP over HTTP. */
  readonly url: string;
  /** `host:port` for OTLP over gRPC. */
  readonly grpc: string;
  /** The Collector's own metrics, in the text format of Prometheus. */
  readonly metricsUrl: string;
}

/** Starts the Collector with files of deploy/collector. `stop()` kills it; its ports and its queue on disk stay. */
export async function startOtelcol(configs: CollectorConfigs, env: NodeJS.ProcessEnv): Promise<Otelcol> {
  const directory = await mkdtemp(join(tmpdir(), 'otelcol-'));
  const queue = join(directory, 'queue');
  await mkdir(queue);
  const [http, grpc, health, metrics] = await freePorts(4);
  const server = await startServer({
    name: 'The Collector',
    command: [PROGRAM, ...configArguments(configs)],
    directory,
    isTemporary: true,
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
    // The health check answers 503 until every pipeline has started.
    isReady: () => answers(`http://127.0.0.1:${health}/`, { isOk: true }),
  });
  return {
    ...server,
    url: `http://127.0.0.1:${http}`,
    grpc: `127.0.0.1:${grpc}`,
    metricsUrl: `http://127.0.0.1:${metrics}/metrics`,
  };
}

function configArguments(configs: CollectorConfigs): string[] {
  return configs.flatMap((name) => ['--config', resolve(COLLECTOR_FOLDER, name)]);
}
