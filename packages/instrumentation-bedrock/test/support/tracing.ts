/** The tracer provider, SDK client and instrumentation of the tests; all are real. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanLimits,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { BedrockInstrumentation, type BedrockInstrumentationConfig } from '../../src/index.js';

export interface Tracing {
  readonly instrumentation: BedrockInstrumentation;
  readonly provider: NodeTracerProvider;
  /** The spans that have ended, in the order of their ends. */
  spans(): ReadableSpan[];
  /** The log events that were emitted. */
  events(): ReadableLogRecord[];
  /** The data points of each metric, by its name. */
  metrics(): Promise<Map<string, readonly { attributes: Record<string, unknown>; value: unknown }[]>>;
  close(): Promise<void>;
}

export interface TracingOptions {
  readonly config?: BedrockInstrumentationConfig;
  readonly sampler?: Sampler;
  readonly spanLimits?: SpanLimits;
  /** Run before the one that collects spans. */
  readonly spanProcessors?: readonly SpanProcessor[];
  readonly withMetrics?: boolean;
}

/** Registers a global context manager, so only one can exist at a time. */
export function startTracing(options: TracingOptions = {}): Tracing {
  const spanExporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({
    spanProcessors: [...(options.spanProcessors ?? []), new SimpleSpanProcessor(spanExporter)],
    spanLimits: options.spanLimits ?? { eventCountLimit: 10_000 },
    ...(options.sampler ? { sampler: options.sampler } : {}),
  });
  provider.register();
  const instrumentation = new BedrockInstrumentation(options.config);
  instrumentation.setTracerProvider(provider);
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 60_000 });
  const meterProvider = options.withMetrics ? new MeterProvider({ readers: [reader] }) : undefined;
  if (meterProvider) instrumentation.setMeterProvider(meterProvider);
  const logExporter = new InMemoryLogRecordExporter();
  const loggerProvider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: logExporter })] });
  instrumentation.setLoggerProvider(loggerProvider);
  instrumentation.manuallyInstrument(sdk);
  return {
    instrumentation,
    provider,
    spans: () => spanExporter.getFinishedSpans(),
    events: () => logExporter.getFinishedLogRecords(),
    async metrics() {
      await meterProvider?.forceFlush();
      const collected =
        metricExporter
          .getMetrics()
          .at(-1)
          ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
      return new Map(collected.map((metric) => [metric.descriptor.name, metric.dataPoints]));
    },
    async close() {
      instrumentation.disable();
      await provider.shutdown();
      await meterProvider?.shutdown();
      await loggerProvider.shutdown();
      trace.disable();
      context.disable();
      propagation.disable();
      metrics.disable();
    },
  };
}

export function createClient(endpoint: string, config: sdk.BedrockRuntimeClientConfig = {}): sdk.BedrockRuntimeClient {
  return new sdk.BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    ...config,
  });
}

/** Parses the JSON of an attribute; undefined if the attribute is absent. */
export function json(span: ReadableSpan, attribute: string): unknown {
  const value = span.attributes[attribute];
  return value === undefined ? undefined : JSON.parse(String(value));
}

export async function collect<Item>(stream: AsyncIterable<Item> | undefined): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream ?? []) items.push(item);
  return items;
}
