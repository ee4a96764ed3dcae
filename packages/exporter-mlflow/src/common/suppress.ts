import { type Context, context, createContextKey } from '@opentelemetry/api';

// The SDK's tracer looks for this key; `createContextKey` gives the same key in every copy of the API. It is the one of
// `suppressTracing` in `@opentelemetry/core`, whose lines 2.x and 3.x exclude each other.
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Calls `work` in a context in which OpenTelemetry's SDK records no spans. */
export function withoutTracing<T>(work: () => T): T {
  const suppressed: Context = context.active().setValue(SUPPRESS_TRACING, true);
  return context.with(suppressed, work);
}
