import { context, propagation, trace } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { EachTest } from './each-test.js';

/** Registers a tracer provider and a context manager for the whole process until the end of the test. */
export function traceGlobally(closing: EachTest['closing']): void {
  const provider = new NodeTracerProvider();
  provider.register();
  closing.push(() => {
    context.disable();
    propagation.disable();
    trace.disable();
    return provider.shutdown();
  });
}
