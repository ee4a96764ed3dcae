/** The trace context of a call, for services that pass it on. */

import { type Context, propagation } from '@opentelemetry/api';
import { asObject } from '../data/json.js';

/**
 * Returns the request with the trace context in those of the headers that it does not have. Returns the request itself if
 * the application's propagators write none of them.
 *
 * They are added after the SDK has signed the request, so they are not signed. Instrumentation of HTTP replaces such
 * headers when Node.js sends them, and the service refuses a request whose signed headers have changed.
 */
export function withTraceContext(request: unknown, context: Context, names: readonly string[]): unknown {
  const headers = asObject(asObject(request)?.['headers']);
  if (typeof request !== 'object' || request === null || !headers) return request;
  const carrier: Record<string, string> = {};
  propagation.inject(context, carrier);
  const present = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  // The vendors' part of a context belongs to its own parent.
  const isOwn = present.has('traceparent');
  const added = names.filter((name) => carrier[name] && !present.has(name) && !(isOwn && name === 'tracestate'));
  if (added.length === 0) return request;
  const copy: object = Object.create(Object.getPrototypeOf(request));
  const values = Object.fromEntries(added.map((name) => [name, carrier[name]]));
  return Object.assign(copy, request, { headers: { ...headers, ...values } });
}
