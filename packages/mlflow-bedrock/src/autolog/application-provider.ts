import { type TracerProvider, trace } from '@opentelemetry/api';
import { endsWithin } from '../common/ends-within.js';
import { reportErrors } from '../common/reported.js';
import { warn } from '../common/warn.js';
import { state } from '../current-trace/process-state.js';
import { createInstrumentation } from './instrumentation.js';
import { type AutologOptions, flushTimeout } from './options.js';
import type { Tracing } from './tracing.js';

/** Returns the tracer provider that the application registered. Undefined if there is none. */
export function registeredProvider(): TracerProvider | undefined {
  const proxy = trace.getTracerProvider() as TracerProvider & {
    getDelegate?: () => TracerProvider;
    getDelegateTracer?: (name: string) => unknown;
  };
  if (!proxy.getDelegateTracer || !proxy.getDelegate) return proxy;
  return proxy.getDelegateTracer('mlflow-bedrock') === undefined ? undefined : proxy.getDelegate();
}

/** Traces Bedrock calls into the application's own provider, whose processors decide where the spans go. */
export function traceIntoProvider(
  provider: TracerProvider & { forceFlush?: () => unknown },
  options: AutologOptions,
): Tracing {
  // A tracer provider accepts processors only in its constructor.
  if (!state.hasProcessor) {
    warn(
      'a tracer provider is registered already, so Bedrock calls are traced into that one. For MLflow, add to it: ' +
        "import { BatchSpanProcessor } from '@opentelemetry/sdk-trace'; " +
        "import { CurrentTraceProcessor, MlflowSpanExporter, MlflowSpanProcessor } from 'mlflow-bedrock'; " +
        'spanProcessors: [new CurrentTraceProcessor(), new MlflowSpanProcessor({ exporter: new MlflowSpanExporter(), ' +
        'batch: (exporter, options) => new BatchSpanProcessor({ exporter, ...options }) })]',
    );
  }
  // The application may count on them to keep a secret.
  if (options.spanFilter !== undefined || options.mask !== undefined) {
    warn(
      'spanFilter and mask of autolog() have no effect on the tracer provider of the application: pass them to its MlflowSpanExporter.',
    );
  }
  const instrumentation = createInstrumentation(options);
  const timeoutMillis = flushTimeout(options.flushTimeoutMillis);
  const flush = async (): Promise<void> => {
    // A processor rejects its flush with what it would report otherwise. That can be after the time is over.
    const flushing = (async (): Promise<unknown> => provider.forceFlush?.())();
    const isOver = await endsWithin(
      timeoutMillis,
      flushing.catch(reportErrors).then(() => true),
    );
    if (!isOver) warn(`the tracer provider of the application did not flush within ${timeoutMillis} ms.`);
  };
  return {
    flush,
    shutdown: async () => {
      await flush();
      instrumentation.disable();
    },
    enable: () => {
      if (!instrumentation.isEnabled()) instrumentation.enable();
    },
    disable: () => instrumentation.disable(),
  };
}
