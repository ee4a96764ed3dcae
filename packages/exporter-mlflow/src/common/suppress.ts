import { type Context, context, createContextKey } from '@opentelemetry/api';

// The key of `suppressTracing` in `@opentelemetry/core`, which this package cannot import for both 2.x and 3.x. The
// SDK's tracer looks for it, and `createContextKey` returns the same key in every copy of the API.
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Calls `work` in a context in which OpenTelemetry's SDK records no spans. */
export function withoutTracing<T>(work: () => T): T {
  const suppressed: Context = context.active().setValue(SUPPRESS_TRACING, true);
  return context.with(suppressed, work);
}
