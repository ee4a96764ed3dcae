import { diag, type TracerProvider, trace } from '@opentelemetry/api';
import { ExportResultCode, getNumberFromEnv } from '@opentelemetry/core';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';
import { MlflowSpanExporter } from 'opentelemetry-exporter-mlflow';
import { BedrockInstrumentation, type BedrockInstrumentationConfig } from 'opentelemetry-instrumentation-bedrock';
import { resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import { flushAtEnd } from './at-end.js';
import { CurrentTraceProcessor } from './current-trace.js';
import {
  hasOtlpEndpoint,
  isSdkDisabled,
  propagatesSession,
  readableTrackingUri,
  samplingRatio,
} from './environment.js';
import { Gate } from './gate.js';
import { setDefaultLogger } from './logger.js';
import type { Autolog, AutologOptions } from './options.js';
import { OtlpExporter } from './otlp-exporter.js';
import { createPropagator } from './propagator.js';
import { setContentConfig, state } from './state.js';

const DEFAULT_FLUSH_TIMEOUT_MILLIS = 5000;
// A streamed answer has an event for each chunk; OpenTelemetry's default, 128, is a few sentences.
const EVENT_COUNT_LIMIT = 10_000;
/** For what follows when the exporter has given up. */
const ENDING_MILLIS = 50;

const WAS_SHUT_DOWN = 'autolog() was shut down, and cannot start again in this process. To pause it, use disable().';
const CALLED_BEFORE = 'autolog() was called before; the options of the first call stay in use.';

interface Running extends Autolog {
  /** What a further call of `autolog()` does. */
  again(hasOptions: boolean): void;
}

/** Shared by the ES module and the CommonJS build of this package, which a process may have both. */
const RUNNING = Symbol.for('mlflow-bedrock.autolog');
const shared = globalThis as { [RUNNING]?: Running };

const warn = (message: string): void => diag.warn(`mlflow-bedrock: ${message}`);

/**
 * Traces every Amazon Bedrock call of this process to MLflow from now on, and sends what is left when the process ends.
 * Configured by options and environment. Called again it gives the same {@link Autolog}, options aside.
 *
 * Where a tracer provider is registered already, Bedrock calls are traced into that one, and `diag` is told what to add
 * to it for MLflow unless a `CurrentTraceProcessor` shows that this was done. With `OTEL_SDK_DISABLED=true` it does
 * nothing. It never throws: what cannot work is reported through `diag`.
 */
export function autolog(options: AutologOptions = {}): Autolog {
  const running = shared[RUNNING];
  if (running) {
    running.again(Object.keys(options).length > 0);
    return running;
  }
  if (isSdkDisabled(process.env)) return { flush: async () => {}, shutdown: async () => {}, disable: () => {} };
  setDefaultLogger(process.env['OTEL_LOG_LEVEL']);
  const registered = registeredProvider();
  const started = registered ? join(registered, options) : start(options);
  shared[RUNNING] = started;
  return started;
}

function start(options: AutologOptions): Running {
  const flushTimeoutMillis = flushTimeout(options.flushTimeoutMillis);
  const exporter = new MlflowSpanExporter(options);
  const otlp = hasOtlpEndpoint(process.env) ? [new BatchSpanProcessor(new OtlpExporter())] : [];
  const gate = new Gate([new BatchSpanProcessor(withoutFailures(exporter)), ...otlp]);
  const sampler = options.sampler ?? ratioSampler();
  const provider = new NodeTracerProvider({
    resource: resource(options.serviceName),
    spanProcessors: [new CurrentTraceProcessor(), gate],
    spanLimits: { eventCountLimit: getNumberFromEnv('OTEL_SPAN_EVENT_COUNT_LIMIT') ?? EVENT_COUNT_LIMIT },
    ...(sampler && { sampler }),
  });
  const propagateSession = options.propagateSession ?? propagatesSession(process.env);
  provider.register({ propagator: createPropagator(propagateSession, process.env, warn) });
  const instrumentation = createInstrumentation(options);

  // The second, because the processor does not wait for what its timer sent before.
  const sendRest = (): Promise<void> => gate.forceFlush().then(() => exporter.forceFlush());
  const warnOfUnsent = (): void => {
    const server = readableTrackingUri(options.trackingUri, process.env);
    const backend = otlp.length > 0 ? ', and a backend at the OTLP endpoint' : '';
    warn(
      `not everything was sent within ${flushTimeoutMillis} ms. Does an MLflow server listen at ${server}${backend}?`,
    );
  };
  const flush = async (): Promise<boolean> => {
    const isComplete = await endsWithin(flushTimeoutMillis, sendRest());
    if (!isComplete) warnOfUnsent();
    return isComplete;
  };
  const flushOrGiveUp = async (timeoutMillis: number): Promise<boolean> => {
    const sending = sendRest();
    if (await endsWithin(timeoutMillis, sending)) return true;
    // What the exporter gives up, it tells itself.
    await exporter.forceFlush({ timeoutMillis: 0 });
    const isOver = await endsWithin(ENDING_MILLIS, sending);
    if (!isOver) warnOfUnsent();
    return isOver;
  };
  const stopAtEnd = flushAtEnd({ hasUnsent: () => gate.hasUnsent, flush, flushOrGiveUp, flushTimeoutMillis });
  let shutdown: Promise<void> | undefined;
  const disable = (): void => {
    instrumentation.disable();
    gate.isOpen = false;
  };
  return {
    flush: async () => void (await flush()),
    shutdown: () => {
      shutdown ??= flushOrGiveUp(flushTimeoutMillis).then(async () => {
        disable();
        stopAtEnd();
        await endsWithin(flushTimeoutMillis, provider.shutdown());
      });
      return shutdown;
    },
    disable,
    again: (hasOptions) => {
      if (shutdown) {
        warn(WAS_SHUT_DOWN);
        return;
      }
      if (hasOptions) warn(CALLED_BEFORE);
      if (gate.isOpen) return;
      gate.isOpen = true;
      instrumentation.enable();
    },
  };
}

/** The exporter tells `diag` of failures, seldom; the processor would tell of each once more, with its stack. */
function withoutFailures(exporter: MlflowSpanExporter): SpanExporter {
  return {
    export: (spans, resultCallback) => exporter.export(spans, () => resultCallback({ code: ExportResultCode.SUCCESS })),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}

/** Traces into the application's own provider, which sends its spans where it was told to. */
function join(provider: TracerProvider & { forceFlush?: unknown }, options: AutologOptions): Running {
  // A provider takes its processors when it is made, and no others later.
  if (!state.hasProcessor) {
    warn(
      'a tracer provider is registered already, so Bedrock calls are traced into that one. For MLflow, add to it: ' +
        "import { CurrentTraceProcessor, MlflowSpanExporter } from 'mlflow-bedrock'; " +
        'spanProcessors: [new CurrentTraceProcessor(), new BatchSpanProcessor(new MlflowSpanExporter())]',
    );
  }
  const instrumentation = createInstrumentation(options);
  const timeoutMillis = flushTimeout(options.flushTimeoutMillis);
  const flush = async (): Promise<void> => {
    const { forceFlush } = provider;
    if (typeof forceFlush === 'function') {
      const flushed = async (): Promise<unknown> => forceFlush.call(provider);
      await endsWithin(timeoutMillis, flushed());
    }
  };
  const disable = (): void => instrumentation.disable();
  let shutdown: Promise<void> | undefined;
  return {
    flush,
    shutdown: () => {
      shutdown ??= flush().then(disable);
      return shutdown;
    },
    disable,
    again: (hasOptions) => {
      if (shutdown) {
        warn(WAS_SHUT_DOWN);
        return;
      }
      if (hasOptions) warn(CALLED_BEFORE);
      if (!instrumentation.isEnabled()) instrumentation.enable();
    },
  };
}

/** The application's own provider; absent when there is none. */
function registeredProvider(): TracerProvider | undefined {
  const proxy = trace.getTracerProvider() as TracerProvider & {
    getDelegate?: () => TracerProvider;
    getDelegateTracer?: (name: string) => unknown;
  };
  if (!proxy.getDelegateTracer || !proxy.getDelegate) return proxy;
  return proxy.getDelegateTracer('mlflow-bedrock') === undefined ? undefined : proxy.getDelegate();
}

function createInstrumentation(options: AutologOptions): BedrockInstrumentation {
  const { captureMessageContent, contentHook, contentFormats, maxContentLength, maxMediaBytes, recordStreamEvents } =
    options;
  const content: BedrockInstrumentationConfig = {
    ...(captureMessageContent !== undefined && { captureMessageContent }),
    ...(contentHook && { contentHook }),
    ...(contentFormats && { contentFormats }),
    ...(maxContentLength !== undefined && { maxContentLength }),
    ...(maxMediaBytes !== undefined && { maxMediaBytes }),
    ...(recordStreamEvents !== undefined && { recordStreamEvents }),
  };
  // Silent, because the instrumentation says what it does not understand.
  setContentConfig(resolveConfig(content, process.env, () => undefined));
  return new BedrockInstrumentation(content);
}

function resource(serviceName: string | undefined): Resource {
  const detected = defaultResource().merge(detectResources({ detectors: [envDetector] }));
  return serviceName ? detected.merge(resourceFromAttributes({ [ATTR_SERVICE_NAME]: serviceName })) : detected;
}

function ratioSampler(): Sampler | undefined {
  const ratio = samplingRatio(process.env, warn);
  return ratio === undefined ? undefined : new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
}

function flushTimeout(millis: number = DEFAULT_FLUSH_TIMEOUT_MILLIS): number {
  if (Number.isFinite(millis) && millis >= 0) return millis;
  warn(`flushTimeoutMillis must be 0 or more, not ${millis}; ${DEFAULT_FLUSH_TIMEOUT_MILLIS} is used`);
  return DEFAULT_FLUSH_TIMEOUT_MILLIS;
}

/** Resolves with false when `work` takes longer; a failure counts as an end. */
async function endsWithin(millis: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, millis, false);
  });
  const done = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
