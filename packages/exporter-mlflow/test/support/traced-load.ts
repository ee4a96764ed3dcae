import { writeSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { ExportResultCode } from '@opentelemetry/core';
import { BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { MlflowSpanExporter } from '../../src/index.js';
import { collectDiag } from './diag.js';
import { chatAttributes } from './tracing.js';

/** What the program prints at its end. */
export interface LoadReport {
  calls: number;
  /** Spans that reached the exporter. The processor drops spans for which its queue has no room. */
  exported: number;
  /** Duration of one traced call, in microseconds. */
  callMicros: { mean: number; p99: number };
  /** How late the event loop was, in milliseconds. */
  loopMillis: { p99: number; max: number };
  /** Growth of the heap during the calls, after garbage collection, in megabytes. */
  heapMegabytes: number;
  shutdownMillis: number;
  told: string[];
}

const WARM_UP_MILLIS = 1000;
const TICK_MILLIS = 10;
const CALLS_PER_TICK = 10;
const MEGABYTE = 1024 * 1024;

// An application with 1,000 traced calls per second. Without an address, its exporter does nothing.
const [, , trackingUri = '', millis = '0'] = process.argv;
const log = collectDiag();
const nothing: SpanExporter = {
  export: (_spans, callback) => callback({ code: ExportResultCode.SUCCESS }),
  shutdown: async () => {},
};
// Short, so that the exporter gives up exports repeatedly during this test.
const exporter: SpanExporter =
  trackingUri === '' ? nothing : new MlflowSpanExporter({ trackingUri, timeoutMillis: 1500 });
const { export: exportSpans } = exporter;
let exported = 0;
exporter.export = (spans, callback) => {
  exported += spans.length;
  exportSpans.call(exporter, spans, callback);
};
const provider = new NodeTracerProvider({
  spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 500 })],
});
const tracer = provider.getTracer('load');
const question = 'What is the capital of France? '.repeat(30);

let calls = 0;
let durations: number[] = [];
const call = (): void => {
  calls += 1;
  const began = performance.now();
  const span = tracer.startSpan('chat');
  span.setAttributes(chatAttributes(`${calls} ${question}`, 'Paris'));
  span.end();
  durations.push((performance.now() - began) * 1000);
};
const heap = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / MEGABYTE;
};

/** Keeps the rate even if a tick is late. */
async function run(forMillis: number): Promise<void> {
  const began = performance.now();
  const before = calls;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsed = performance.now() - began;
      const due = before + Math.trunc(elapsed / TICK_MILLIS) * CALLS_PER_TICK;
      while (calls < due) call();
      if (elapsed < forMillis) return;
      clearInterval(timer);
      resolve();
    }, TICK_MILLIS);
  });
}

await run(WARM_UP_MILLIS);
const heapBefore = heap();
durations = [];
const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();
await run(Number(millis));
loop.disable();
durations.sort((a, b) => a - b);
const callMicros = {
  mean: durations.reduce((sum, each) => sum + each, 0) / durations.length,
  p99: durations[Math.trunc(durations.length * 0.99)] ?? 0,
};
durations = [];
const heapMegabytes = heap() - heapBefore;
const ending = performance.now();
await provider.shutdown().catch(() => {});
const shutdownMillis = performance.now() - ending;
// The exporter logs its last message when the process ends.
process.once('exit', () => {
  const report: LoadReport = {
    calls,
    exported,
    callMicros,
    loopMillis: { p99: loop.percentile(99) / 1e6, max: loop.max / 1e6 },
    heapMegabytes,
    shutdownMillis,
    told: log.lines,
  };
  writeSync(1, JSON.stringify(report));
});
