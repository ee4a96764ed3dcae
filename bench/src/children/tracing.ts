/** Switches one variant on: the same provider and processor for all, with an exporter that forgets. */

import { createRequire } from 'node:module';
import { loadPeer } from '../peers.js';
import { SETUPS, type Variant } from '../variants.js';

export interface BenchSpan {
  readonly attributes: Record<string, unknown>;
}

/** @param keep is given the spans of each batch */
export function startTracing(variant: Variant, keep: (batch: readonly BenchSpan[]) => void): void {
  const { NodeTracerProvider, BatchSpanProcessor, AlwaysOffSampler } = loadPeer('@opentelemetry/sdk-trace-node');
  const setup = variant === 'none' ? undefined : SETUPS[variant];
  const exporter = {
    export(batch: readonly BenchSpan[], done: (result: { code: number }) => void): void {
      keep(batch);
      done({ code: 0 });
    },
    shutdown: async () => undefined,
    forceFlush: async () => undefined,
  };
  const provider = new NodeTracerProvider({
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 50 })],
    ...(setup?.unsampled ? { sampler: new AlwaysOffSampler() } : {}),
  });
  provider.register();
  if (setup === undefined) return;
  const instrumentation = createInstrumentation(setup);
  instrumentation.setTracerProvider(provider);
  if (setup.metrics) instrumentation.setMeterProvider(createMeterProvider());
}

interface Instrumentation {
  setTracerProvider(provider: unknown): void;
  setMeterProvider(provider: unknown): void;
}

function createInstrumentation({
  peer,
  options,
}: {
  peer?: readonly [string, string];
  options: object;
}): Instrumentation {
  if (peer) return new (loadPeer(peer[0])[peer[1]])(options);
  const ours = createRequire(import.meta.url)('../../../packages/instrumentation-bedrock/dist/cjs/index.js');
  return new ours.BedrockInstrumentation(options);
}

function createMeterProvider(): unknown {
  const { MeterProvider, MetricReader } = loadPeer('@opentelemetry/sdk-metrics');
  class IdleReader extends MetricReader {
    async onShutdown(): Promise<void> {}
    async onForceFlush(): Promise<void> {}
  }
  return new MeterProvider({ readers: [new IdleReader()] });
}
