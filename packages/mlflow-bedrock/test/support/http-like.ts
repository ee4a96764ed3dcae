/** Requests between services as an HTTP instrumentation makes and serves them, without a network. */

import {
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import { createPropagator } from '../../src/session/propagator.js';

export type Headers = Record<string, string>;

const propagator = createPropagator(true, {}, (message) => {
  throw new Error(message);
});

export const tracer = () => trace.getTracer('http');

/** Returns the context of a request that arrives. */
export function received(headers: Headers, around: Context = ROOT_CONTEXT): Context {
  return propagator.extract(around, headers, defaultTextMapGetter);
}

/** Serves a request below a server span. */
export async function serve<T>(
  name: string,
  headers: Headers,
  handler: () => Promise<T>,
  { around, links = [] }: { around?: Context; links?: Link[] } = {},
): Promise<T> {
  const active = received(headers, around);
  const span = tracer().startSpan(name, { kind: SpanKind.SERVER, links }, active);
  return context.with(trace.setSpan(active, span), handler).finally(() => span.end());
}

/** Returns the headers of a request that is sent now, with session and user. */
export function outgoing(active: Context = context.active()): Headers {
  const headers: Headers = {};
  propagator.inject(active, headers, defaultTextMapSetter);
  return headers;
}
