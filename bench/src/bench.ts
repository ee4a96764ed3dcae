/** Rounds of interleaved child processes, each paired with the uninstrumented one of its round. */

import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startSimulator } from 'bedrock-simulator';
import { type Estimate, estimate } from './statistics.js';
import {
  type Answer,
  type Check,
  LONG_STREAM,
  type Measurement,
  OPERATIONS,
  type Operation,
  PEERS,
  SHORT_STREAM,
  VARIANTS,
  type Variant,
} from './variants.js';

const FOLDER = resolve(import.meta.dirname, '..');
const PEERS_FOLDER = join(FOLDER, '.peers');
const CHILD = join(FOLDER, 'src', 'child.ts');
const PEER_BASE = {
  '@aws-sdk/client-bedrock-runtime': '3.1162.0',
  '@opentelemetry/api': '1.9.1',
  '@opentelemetry/sdk-trace-node': '2.12.0',
};

export interface BenchOptions {
  readonly rounds: number;
  /** Calls that are measured in each child process. */
  readonly calls: number;
}

export interface Row {
  readonly operation: Operation;
  readonly variant: Variant;
  /** Microseconds of CPU time that one call (of a short stream) costs more than without instrumentation. */
  readonly perCall: Estimate;
  /** The same for one chunk of a stream. */
  readonly perChunk: Estimate | undefined;
  readonly check: Check;
}

export interface BenchResult {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly options: BenchOptions;
  readonly rows: readonly Row[];
  /** What an uninstrumented run gives. */
  readonly truth: Readonly<Record<Operation, Check>>;
}

/** Installs the peers into a folder of the benchmark's own, once. They are no dependencies of this project. */
export function installPeers(log: (line: string) => void): void {
  const wanted = JSON.stringify({ private: true, dependencies: { ...PEER_BASE, ...PEERS } });
  const stamp = join(PEERS_FOLDER, `installed-${Buffer.from(wanted).toString('base64url').slice(-24)}`);
  if (existsSync(stamp)) return;
  log('Installing the packages to compare with');
  rmSync(PEERS_FOLDER, { recursive: true, force: true });
  mkdirSync(PEERS_FOLDER);
  writeFileSync(join(PEERS_FOLDER, 'package.json'), wanted);
  // Their peer ranges contradict one another, which does not matter here.
  const args = ['install', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, stderr } = spawnSync('npm', args, { cwd: PEERS_FOLDER, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm could not install the packages to compare with: ${stderr.trim()}`);
  writeFileSync(stamp, '');
}

export async function runBench(options: BenchOptions, log: (line: string) => void): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const samples = new Map<string, Measurement[]>();
    const cases = await recordAnswers(folder);
    for (let round = 1; round <= options.rounds; round++) {
      log(`Round ${round} of ${options.rounds}`);
      for (const { operation, chunks, answer } of cases) {
        for (const variant of shuffled(VARIANTS)) {
          const job = { variant, operation, answer, calls: chunks > SHORT_STREAM ? options.calls / 5 : options.calls };
          const measurement = await measure(JSON.stringify(job));
          const key = keyOf(operation, chunks, variant);
          samples.set(key, [...(samples.get(key) ?? []), measurement]);
        }
      }
    }
    return summarize(options, samples);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Case {
  readonly operation: Operation;
  readonly chunks: number;
  readonly answer: string;
}

/** The simulator's answers, byte for byte: the children have no network. */
async function recordAnswers(folder: string): Promise<Case[]> {
  const simulator = await startSimulator();
  const paths = ['converse', 'invoke', 'converse-stream', 'invoke-with-response-stream'];
  const cases: Case[] = [];
  for (const [index, operation] of OPERATIONS.entries()) {
    const isStream = operation.includes('Stream');
    for (const chunks of isStream ? [SHORT_STREAM, LONG_STREAM] : [1]) {
      const scenario = isStream ? { scenario: 'stream', parameters: { chunks } } : { scenario: 'chat' };
      const content = operation.startsWith('Converse') ? [{ text: 'Hello' }] : 'Hello';
      const url = `${simulator.endpoint(scenario)}/model/anthropic.claude-3-haiku-20240307-v1%3A0/${paths[index]}`;
      const body = JSON.stringify({
        anthropic_version: 'bedrock-2023-05-31',
        max_tokens: 100_000,
        messages: [{ role: 'user', content }],
      });
      const response = await fetch(url, { method: 'POST', body });
      const recorded: Answer = {
        headers: Object.fromEntries(response.headers),
        body: Buffer.from(await response.arrayBuffer()).toString('base64'),
      };
      const answer = join(folder, `${operation}-${chunks}.json`);
      writeFileSync(answer, JSON.stringify(recorded));
      cases.push({ operation, chunks, answer });
    }
  }
  await simulator.close();
  return cases;
}

async function measure(job: string): Promise<Measurement> {
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', CHILD, job], { env });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measurement;
}

function summarize(options: BenchOptions, samples: ReadonlyMap<string, readonly Measurement[]>): BenchResult {
  const added = (operation: Operation, chunks: number, variant: Variant): number[] => {
    const baseline = samples.get(keyOf(operation, chunks, 'none')) ?? [];
    return (samples.get(keyOf(operation, chunks, variant)) ?? []).map(
      ({ microseconds }, round) => microseconds - (baseline[round]?.microseconds ?? 0),
    );
  };
  const checkOf = (operation: Operation, variant: Variant): Check => {
    const chunks = operation.includes('Stream') ? SHORT_STREAM : 1;
    return samples.get(keyOf(operation, chunks, variant))?.[0]?.check as Check;
  };
  const rows = OPERATIONS.flatMap((operation) =>
    VARIANTS.filter((variant) => variant !== 'none').map((variant): Row => {
      const isStream = operation.includes('Stream');
      const short = added(operation, isStream ? SHORT_STREAM : 1, variant);
      const perChunk = added(operation, LONG_STREAM, variant).map(
        (long, round) => (long - (short[round] ?? 0)) / (LONG_STREAM - SHORT_STREAM),
      );
      return {
        operation,
        variant,
        perCall: estimate(short),
        perChunk: isStream ? estimate(perChunk) : undefined,
        check: checkOf(operation, variant),
      };
    }),
  );
  const truth = Object.fromEntries(OPERATIONS.map((name) => [name, checkOf(name, 'none')])) as BenchResult['truth'];
  const [cpu] = cpus();
  return {
    machine: `${cpus().length} x ${cpu?.model.trim() ?? 'unknown processor'}, ${arch()}, Node.js ${process.versions.node}`,
    versions: { ...PEER_BASE, ...PEERS },
    options,
    rows,
    truth,
  };
}

function keyOf(operation: Operation, chunks: number, variant: Variant): string {
  return `${operation} ${chunks} ${variant}`;
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
