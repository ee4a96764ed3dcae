import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';

interface Point {
  attributes: Record<string, unknown>;
  value: unknown;
}

/** Starts a meter provider. `read` returns the recorded points of each metric, by name and unit. */
export function startMetrics(): { provider: MeterProvider; read(): Promise<Record<string, Point[]>> } {
  const memory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: memory, exportIntervalMillis: 1_000_000 });
  const provider = new MeterProvider({ readers: [reader] });
  return {
    provider,
    async read() {
      await provider.forceFlush();
      const metrics = memory.getMetrics().at(-1)?.scopeMetrics[0]?.metrics ?? [];
      await provider.shutdown();
      return Object.fromEntries(
        metrics.map(({ descriptor: { name, unit }, dataPoints }) => [
          `${name} ${unit}`,
          dataPoints.map(({ attributes, value }) => ({ attributes, value })),
        ]),
      );
    },
  };
}
