import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';
import { MlflowSpanExporter } from 'opentelemetry-exporter-mlflow';
import { endsWithin } from '../common/ends-within.js';
import { propagatesSession, readableOtlpEndpoint, readableTrackingUri } from '../common/environment.js';
import { warn } from '../common/warn.js';
import { CurrentTraceProcessor } from '../current-trace/current-trace.js';
import { createPropagator } from '../session/propagator.js';
import { createInstrumentation } from './instrumentation.js';
import { type AutologOptions, flushTimeout } from './options.js';
import { createExporter, otherBackends } from './other-backends.js';
import { flushAtProcessEnd } from './process-end.js';
import { batchOptions, samplerFromEnvironment, spanLimits } from './sdk-settings.js';
import { SwitchableSpanProcessor } from './switchable-processor.js';
import { connectThreads } from './threads.js';
import type { Tracing } from './tracing.js';

/** How long an aborted export may take to call back, in milliseconds. */
const ABORT_MILLIS = 50;

/**
 * The longest time of a timer. MlflowSpanExporter ends each export itself, and its clock does not count a suspension. The
 * batch processor's own limit, 30 s, would report an export as failed while it goes on.
 */
const NO_EXPORT_TIMEOUT_MILLIS = 2 ** 31 - 1;

/** Registers a tracer provider that sends to MLflow, and to the other backends that the environment names. */
export function traceToMlflow(options: AutologOptions): Tracing {
  const flushTimeoutMillis = flushTimeout(options.flushTimeoutMillis);
  const instrumentation = createInstrumentation(options);
  const mlflow = new MlflowSpanExporter(options);
  const backends = otherBackends(process.env, warn);
  const otherExporters = backends.map(createExporter);
  const exporters: SpanExporter[] = [mlflow, ...otherExporters];
  const processor = new SwitchableSpanProcessor(
    exporters.map((exporter) => {
      const limit = exporter === mlflow ? { exportTimeoutMillis: NO_EXPORT_TIMEOUT_MILLIS } : {};
      return new BatchSpanProcessor({ exporter, ...limit, ...batchOptions() });
    }),
  );
  const provider = new TracerProvider({
    resource: resource(options.serviceName),
    sampler: options.sampler ?? samplerFromEnvironment(process.env, warn),
    spanLimits: spanLimits(),
    spanProcessors: [new CurrentTraceProcessor(), processor],
  });
  const propagateSession = options.propagateSession ?? propagatesSession(process.env);
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(createPropagator(propagateSession, process.env, warn));

  const warnOfUnsent = (): void => {
    const server = readableTrackingUri(options.trackingUri, process.env);
    const backend = backends.includes('otlp') ? `, and a backend at ${readableOtlpEndpoint(process.env)}` : '';
    warn(
      `not everything was sent within ${flushTimeoutMillis} ms. Does an MLflow server listen at ${server}${backend}?`,
    );
  };
  const sendAll = async (): Promise<true> => {
    await processor.forceFlush();
    // BatchSpanProcessor does not wait for exports that its timer started.
    await mlflow.forceFlush();
    return true;
  };
  /** Resolves with false if the time is over first. */
  const settles = async (sending: Promise<true>, timeoutMillis: number): Promise<boolean> =>
    (await endsWithin(timeoutMillis, sending)) ?? false;
  const flushThread = async (): Promise<void> => {
    if (!(await settles(sendAll(), flushTimeoutMillis))) warnOfUnsent();
  };
  const flushThreadAndAbort = async (): Promise<void> => {
    const sending = sendAll();
    if (await settles(sending, flushTimeoutMillis)) return;
    // Aborted requests, and exports that the processor's timer starts later, must not keep the process alive.
    await mlflow.forceFlush({ timeoutMillis: 0 });
    await mlflow.shutdown();
    if (await settles(sending, ABORT_MILLIS)) return;
    for (const exporter of otherExporters) exporter.giveUp?.();
    warnOfUnsent();
  };
  const others = connectThreads({
    flush: flushThread,
    hasUnsentSpans: processor.hasUnsentSpans,
    timeoutMillis: flushTimeoutMillis,
  });
  const flush = async (): Promise<void> => {
    await Promise.all([flushThread(), others.flush()]);
  };
  const flushAndAbort = async (): Promise<void> => {
    await Promise.all([flushThreadAndAbort(), others.flush()]);
  };
  const stopFlushing = flushAtProcessEnd({
    hasUnsentSpans: () => processor.hasUnsentSpans.isSet || others.haveUnsentSpans(),
    flush,
    flushAndAbort,
  });
  const disable = (): void => {
    instrumentation.disable();
    processor.disable();
  };
  return {
    flush,
    shutdown: async () => {
      await flushAndAbort();
      disable();
      stopFlushing();
      others.stop();
      await endsWithin(flushTimeoutMillis, provider.shutdown());
    },
    enable: () => {
      if (processor.isEnabled) return;
      processor.enable();
      instrumentation.enable();
    },
    disable,
  };
}

function resource(serviceName: string | undefined): Resource {
  const detected = defaultResource().merge(detectResources({ detectors: [envDetector] }));
  return serviceName ? detected.merge(resourceFromAttributes({ [ATTR_SERVICE_NAME]: serviceName })) : detected;
}
