/** Exporters, each in child processes of its own: into a server that only counts, and into a real MLflow. */

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { startMlflow } from '../../scripts/mlflow/server.js';
import {
  type ExporterJob,
  type ExporterMeasurement,
  type ExporterVariant,
  MLFLOW_VARIANTS,
  SINK_VARIANTS,
  SPANS_PER_TRACE,
} from './exporter-variants.js';
import { type Estimate, estimate, median } from './statistics.js';

const CHILD = resolve(import.meta.dirname, 'exporter-child.ts');

export interface ExporterBenchOptions {
  /** Rounds and measured traces per child process, into the server that only counts. */
  readonly sink: { readonly rounds: number; readonly traces: number };
  /** The same into MLflow, which is slower by orders of magnitude. */
  readonly mlflow: { readonly rounds: number; readonly traces: number };
}

export interface ExporterRow {
  readonly variant: ExporterVariant;
  /** Medians over the rounds. */
  readonly cpuMicrosecondsPerSpan: number;
  readonly spansPerSecond: number;
  /** On the wire, with the headers. */
  readonly bytesPerSpan: number | undefined;
  /** To the first variant of the same round. */
  readonly cpuRatio: Estimate;
  readonly rateRatio: Estimate;
}

export interface ExporterBenchResult {
  readonly options: ExporterBenchOptions;
  readonly sink: readonly ExporterRow[];
  readonly mlflow: readonly ExporterRow[];
}

type Sample = ExporterMeasurement & { readonly bytesPerSpan?: number };

export async function runExporterBench(
  options: ExporterBenchOptions,
  log: (line: string) => void,
): Promise<ExporterBenchResult> {
  const sink = await measureInRounds(SINK_VARIANTS, options.sink, log, measureIntoSink);
  const server = await startMlflow({ log });
  try {
    const measureIntoMlflow = (variant: ExporterVariant, traces: number): Promise<Sample> =>
      measure({ variant, url: server.url, experimentName: `bench-${randomUUID()}`, traces, warmUpTraces: 10 });
    const mlflow = await measureInRounds(MLFLOW_VARIANTS, options.mlflow, log, measureIntoMlflow);
    return { options, sink, mlflow };
  } finally {
    await server.close();
  }
}

async function measureInRounds(
  variants: readonly ExporterVariant[],
  { rounds, traces }: { rounds: number; traces: number },
  log: (line: string) => void,
  measureOne: (variant: ExporterVariant, traces: number) => Promise<Sample>,
): Promise<ExporterRow[]> {
  const samples = new Map<ExporterVariant, Sample[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round++) {
    log(`Exporters: round ${round + 1} of ${rounds}`);
    // Each variant is first, second and last equally often.
    for (let place = 0; place < variants.length; place++) {
      const variant = variants[(round + place) % variants.length] as ExporterVariant;
      samples.get(variant)?.push(await measureOne(variant, traces));
    }
  }
  const [first] = variants;
  const yardstick = samples.get(first as ExporterVariant) ?? [];
  return variants.map((variant) => {
    const own = samples.get(variant) ?? [];
    const ratios = (figure: (sample: Sample) => number): Estimate =>
      estimate(own.map((sample, round) => figure(sample) / figure(yardstick[round] as Sample)));
    return {
      variant,
      cpuMicrosecondsPerSpan: median(own.map((sample) => sample.cpuMicrosecondsPerSpan)),
      spansPerSecond: median(own.map((sample) => sample.spansPerSecond)),
      bytesPerSpan: own[0]?.bytesPerSpan,
      cpuRatio: ratios((sample) => sample.cpuMicrosecondsPerSpan),
      rateRatio: ratios((sample) => sample.spansPerSecond),
    };
  });
}

/** The counting server is in this process, which has nothing else to do meanwhile. */
async function measureIntoSink(variant: ExporterVariant, traces: number): Promise<Sample> {
  let bytes = 0;
  const experiment = JSON.stringify({ experiment: { experiment_id: '1', name: 'bench', lifecycle_stage: 'active' } });
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(request.url?.includes('/experiments/') ? experiment : '{}');
    });
  });
  server.on('connection', (socket) => {
    socket.once('close', () => {
      bytes += socket.bytesRead;
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const warmUpTraces = Math.ceil(traces / 2);
  const job: ExporterJob = { variant, url, experimentName: 'bench', traces, warmUpTraces };
  const measurement = await measure(job).finally(async () => {
    server.closeAllConnections();
    await new Promise<void>((done) => server.close(() => done()));
  });
  return { ...measurement, bytesPerSpan: bytes / ((traces + warmUpTraces) * SPANS_PER_TRACE) };
}

async function measure(job: ExporterJob): Promise<Sample> {
  const args = ['--import', 'tsx', CHILD, JSON.stringify(job)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ExporterMeasurement;
}
