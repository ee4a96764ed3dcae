import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';
import { MlflowSpanExporter, MlflowSpanProcessor } from 'opentelemetry-exporter-mlflow';
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

/** Registers a tracer provider that sends to MLflow, and to the other backends that the environment names. */
export function traceToMlflow(options: AutologOptions): Tracing {
  const flushTimeoutMillis = flushTimeout(options.flushTimeoutMillis);
  const backends = otherBackends(process.env, warn);
  // Other backends read the form of OpenTelemetry's conventions. MLflow shows its own, so one form is enough for it.
  const instrumentation = createInstrumentation(
    backends.length > 0 ? options : { ...options, contentFormats: options.contentFormats ?? ['mlflow'] },
  );
  const otherExporters = backends.map(createExporter);
  const { maxQueueSize, ...batchSettings } = batchOptions(warn);
  const sending = new MlflowSpanProcessor({
    exporter: new MlflowSpanExporter(options),
    otherExporters,
    batch: (exporter, limits) => new BatchSpanProcessor({ exporter, ...limits, ...batchSettings }),
    ...(maxQueueSize === undefined ? {} : { maxQueueSize }),
  });
  const processor = new SwitchableSpanProcessor(sending);
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
    const server = readableTrackingUri(options, process.env);
    const backend = backends.includes('otlp') ? `, and a backend at ${readableOtlpEndpoint(process.env)}` : '';
    warn(
      `not everything was sent within ${flushTimeoutMillis} ms. Does an MLflow server listen at ${server}${backend}?`,
    );
  };
  let isLate = false;
  const sendAll = async (): Promise<true> => {
    await processor.forceFlush();
    return true;
  };
  /** Resolves with false if the time is over first. */
  const settles = async (flush: Promise<true>, timeoutMillis: number): Promise<boolean> =>
    (await endsWithin(timeoutMillis, flush)) ?? false;
  const flushThread = async (): Promise<void> => {
    isLate = !(await settles(sendAll(), flushTimeoutMillis));
    if (isLate) warnOfUnsent();
  };
  const flushThreadAndAbort = async (): Promise<void> => {
    const flush = sendAll();
    if (await settles(flush, flushTimeoutMillis)) return;
    // Aborted requests, and exports that the processor's timer starts later, must not keep the process alive.
    await sending.abandon();
    if (await settles(flush, ABORT_MILLIS)) return;
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
    // Spans that the application did not flush are lost as documented, and then the log stays as it is.
    reportUnsent: () =>
      sending.reportUnsent(isLate ? `The flush did not end within ${flushTimeoutMillis} ms` : undefined),
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
