/** CPU time, requests and bytes of exporters, into a server that only counts. */

import { join } from 'node:path';
import { type Bench, inPairs, runChild } from './child.js';
import { ROOT } from './install.js';
import { startMlflowSink } from './mlflow-sink.js';

export const EXPORTERS = ['stock OTLP', 'otlp-only', 'full', 'before, otlp-only', 'before, full'] as const;
export type ExporterName = (typeof EXPORTERS)[number];

export const SPANS_PER_TRACE = 5;
/** The default of the batch processor. */
export const BATCH_SPANS = 512;

export interface ExporterJob {
  /** Path of an ES module. Default: the stock exporter's package. */
  readonly module?: string;
  readonly className: string;
  readonly options: object;
  readonly batches: number;
}

/** What one process found. */
export interface ExporterCosts {
  /** Microseconds of CPU time per span. */
  readonly cpu: number;
  readonly requestsPerBatch: number;
  readonly bytesPerSpan: number;
}

/** Measures each exporter in processes of its own. */
export async function measureExporters(bench: Bench): Promise<ReadonlyMap<ExporterName, readonly ExporterCosts[]>> {
  const names = EXPORTERS.filter((name) => bench.base !== undefined || !name.startsWith('before'));
  const rounds = Array.from({ length: bench.processes }, () => names).flat();
  const costs = await inPairs(rounds, (name) => measureExporter(name, bench));
  return new Map(names.map((name) => [name, costs.filter((_, index) => rounds[index] === name)]));
}

async function measureExporter(name: ExporterName, { node, base = ROOT, batches }: Bench): Promise<ExporterCosts> {
  const sink = await startMlflowSink();
  const { url } = sink;
  const checkout = name.startsWith('before') ? base : ROOT;
  const job: ExporterJob =
    name === 'stock OTLP'
      ? { className: 'OTLPTraceExporter', options: { url: `${url}/v1/traces`, compression: 'gzip' }, batches }
      : {
          module: join(checkout, 'packages/exporter-mlflow/dist/esm/index.js'),
          className: 'MlflowSpanExporter',
          options: { trackingUri: url, experimentId: '1', traceInfo: name.endsWith('full') ? 'full' : 'otlp-only' },
          batches,
        };
  try {
    const cpu = await runChild<number>(node, 'exporter', job);
    return { cpu, requestsPerBatch: sink.requests() / batches, bytesPerSpan: sink.bytes() / (batches * BATCH_SPANS) };
  } finally {
    sink.close();
  }
}
