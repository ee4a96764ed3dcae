/** The trace context of a call, for inputs that have members for it. */

import { type Context, propagation } from '@opentelemetry/api';

/** Returns what the application's propagators write for a context, such as `traceparent` and `baggage`. */
export function traceContextOf(context: Context): Readonly<Record<string, string>> {
  const carrier: Record<string, string> = {};
  propagation.inject(context, carrier);
  return carrier;
}
