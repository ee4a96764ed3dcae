/** Part 5: exporters, each in processes of its own: into a server that only counts, into a real MLflow, into none. */

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { startMlflow } from 'testing/mlflow/server.js';
import { askOnce, type Child, startChild } from '../child.js';
import {
  DOWN,
  type ExporterJob,
  type ExporterMeasurement,
  type ExporterVariant,
  MLFLOW_VARIANTS,
  SINK_VARIANTS,
  SPANS_PER_TRACE,
} from '../exporter-job.js';
import type { Bench, Part } from '../part.js';
import { type Estimate, estimate, median } from '../statistics.js';
import type { Cell, Table, Target } from '../table.js';

/**
 * Rounds, and traces that are measured in each, in a process of its own after half as many to warm up. With a quarter of
 * them, half of what a request costs is compiling.
 */
const SINK = { short: { rounds: 2, traces: 6000 }, thorough: { rounds: 3, traces: 6000 } } as const;
/** A batch each, in turns of the same processes: what the server takes changes by a quarter from minute to minute. */
const MLFLOW = { short: { rounds: 3, traces: 102 }, thorough: { rounds: 12, traces: 102 } } as const;
/** Sent before, within the process: with only the forty that the server gets, compiling is a third of a span's cost. */
const COMPILE_TRACES = 3000;
const OUTAGE = { rounds: 1, traces: 4000 } as const;

/** CPU time per span, of the stock OTLP/protobuf exporter's. */
const CPU_LIMITS = { 'ours, otlp-only': 1.1, 'ours, full': 2 } as const;
/** Of the rate at which the server takes requests that were made beforehand. */
const RATE_LIMIT = 0.95;
const KIB = 1024;

type Compression = ExporterJob['compression'];
type Samples = ReadonlyMap<ExporterVariant, readonly ExporterMeasurement[]>;

export const exporters: Part = {
  name: 'exporters',
  title: 'Exporters',
  run: async (bench) => {
    const settings = bench.thorough ? SINK.thorough : SINK.short;
    const intoSink = (compression: Compression): Promise<Samples> =>
      inRounds(SINK_VARIANTS, settings, bench, (variant, traces) => measureIntoSink(variant, traces, compression));
    const gzip = await intoSink('gzip');
    const plain = bench.thorough ? await intoSink('none') : undefined;
    const mlflow = await measureIntoMlflow(bench);
    const outage = await inRounds(SINK_VARIANTS, OUTAGE, bench, (variant, traces) =>
      ask({ variant, compression: 'gzip', url: DOWN, experimentName: 'bench', traces, warmUpTraces: 0 }),
    );
    const targets: Target[] = [
      ...cpuTargets(gzip, 'gzip'),
      ...(plain ? cpuTargets(plain, 'not compressed') : []),
      ...(['otlp-only', 'full'] as const).map((mode): Target => {
        const value = ratio(mlflow, `ours, ${mode}`, `raw loop, ${mode}`, rate);
        return { what: `Rate into MLflow: ours / raw loop, ${mode}`, value, limit: RATE_LIMIT, kind: 'least' };
      }),
    ];
    const tables = [
      sinkTable('gzip, of level 6 in the stock exporters, which have no setting for it, and of level 1 in ours', gzip),
      ...(plain ? [sinkTable('not compressed', plain)] : []),
      mlflowTable(mlflow),
      outageTable(outage, OUTAGE.traces),
    ];
    return { tables, targets };
  },
};

const cpu = (sample: ExporterMeasurement): number => sample.cpuMicrosecondsPerSpan;
const rate = (sample: ExporterMeasurement): number => sample.spansPerSecond;

function cpuTargets(samples: Samples, compression: string): Target[] {
  return Object.entries(CPU_LIMITS).map(([variant, limit]) => ({
    what: `CPU time per span, ${compression}: ${variant} / ${SINK_VARIANTS[0]}`,
    value: ratio(samples, variant as ExporterVariant, SINK_VARIANTS[0], cpu),
    limit,
    kind: 'most',
  }));
}

function sinkTable(compression: string, samples: Samples): Table {
  const [first] = SINK_VARIANTS;
  return {
    title: `Into a server that only counts; ${compression}`,
    columns: ['', 'µs CPU per span', 'ratio', 'spans/s', 'ratio', 'bytes per span'],
    rows: [...samples].map(([variant, own]): Cell[] => [
      variant,
      median(own.map(cpu)),
      ratio(samples, variant, first, cpu),
      median(own.map(rate)),
      ratio(samples, variant, first, rate),
      own[0]?.bytesPerSpan,
    ]),
  };
}

function mlflowTable(samples: Samples): Table {
  return {
    title: 'Into MLflow on SQLite, beside a loop of the same requests made beforehand',
    columns: ['', 'µs CPU per span', 'spans/s', 'rate to its raw loop'],
    rows: [...samples].map(([variant, own]): Cell[] => {
      const loop: ExporterVariant = variant.endsWith('full') ? 'raw loop, full' : 'raw loop, otlp-only';
      return [variant, median(own.map(cpu)), median(own.map(rate)), ratio(samples, variant, loop, rate)];
    }),
  };
}

function outageTable(samples: Samples, traces: number): Table {
  return {
    title: `With the server down: MiB kept after ${traces * SPANS_PER_TRACE} spans through a batch processor`,
    columns: ['', 'MiB'],
    rows: [...samples].map(([variant, own]) => [
      variant,
      median(own.map(({ keptBytes = 0 }) => keptBytes / KIB / KIB)),
    ]),
  };
}

/** Paired by round. */
function ratio(
  samples: Samples,
  variant: ExporterVariant,
  other: ExporterVariant,
  figure: (sample: ExporterMeasurement) => number,
): Estimate {
  const others = samples.get(other) ?? [];
  return estimate(
    (samples.get(variant) ?? []).map((sample, round) => figure(sample) / figure(others[round] as ExporterMeasurement)),
  );
}

async function inRounds(
  variants: readonly ExporterVariant[],
  { rounds, traces }: { readonly rounds: number; readonly traces: number },
  { log }: Bench,
  measureOne: (variant: ExporterVariant, traces: number) => Promise<ExporterMeasurement>,
): Promise<Samples> {
  const samples = new Map<ExporterVariant, ExporterMeasurement[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round++) {
    log(`Exporters: round ${round + 1} of ${rounds}`);
    // Another variant is first in each round.
    for (let place = 0; place < variants.length; place++) {
      const variant = variants[(round + place) % variants.length] as ExporterVariant;
      samples.get(variant)?.push(await measureOne(variant, traces));
    }
  }
  return samples;
}

async function measureIntoMlflow(bench: Bench): Promise<Samples> {
  const server = await startMlflow({ log: bench.log });
  const children = new Map<ExporterVariant, Child<object, ExporterMeasurement>>();
  const settings = bench.thorough ? MLFLOW.thorough : MLFLOW.short;
  try {
    for (const variant of MLFLOW_VARIANTS) {
      const experimentName = `bench-${randomUUID()}`;
      const { traces } = settings;
      const job: ExporterJob = {
        variant,
        compression: 'gzip',
        url: server.url,
        experimentName,
        traces,
        warmUpTraces: 40,
        compileTraces: COMPILE_TRACES,
      };
      children.set(variant, await startChild('exporter', job));
    }
    return await inRounds(MLFLOW_VARIANTS, settings, bench, (variant) => {
      const child = children.get(variant);
      if (child === undefined) throw new Error(`No process measures ${variant}.`);
      return child.ask({});
    });
  } finally {
    for (const child of children.values()) await child.close();
    await server.close();
  }
}

/** The counting server is in this process, which has nothing else to do meanwhile. */
async function measureIntoSink(
  variant: ExporterVariant,
  traces: number,
  compression: Compression,
): Promise<ExporterMeasurement> {
  const experiment = JSON.stringify({ experiment: { experiment_id: '1', name: 'bench', lifecycle_stage: 'active' } });
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(request.url?.includes('/experiments/') ? experiment : '{}');
    });
  });
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const warmUpTraces = Math.ceil(traces / 2);
  const job: ExporterJob = { variant, compression, url, experimentName: 'bench', traces, warmUpTraces };
  const measurement = await ask(job).finally(async () => {
    server.closeAllConnections();
    await new Promise<void>((done) => server.close(() => done()));
  });
  const bytes = sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  return { ...measurement, bytesPerSpan: bytes / ((traces + warmUpTraces) * SPANS_PER_TRACE) };
}

function ask(job: ExporterJob): Promise<ExporterMeasurement> {
  return askOnce('exporter', job, { nodeOptions: ['--expose-gc'] });
}
