/** Finds the traced call to which a further attempt of OpenAI's SDK belongs. */

import { type Context, context, createContextKey } from '@opentelemetry/api';
import type { TracedCall } from '../../call/call.js';

/** A request of OpenAI's SDK while it is traced. Contexts can keep it for long, so `end` clears it. */
export interface TracedRequest {
  call: TracedCall | undefined;
  readonly client: object;
}

const KEY = createContextKey('opentelemetry-instrumentation-bedrock.traced-request.1');
/** By the options, which the SDK passes on to the next attempt; for processes without a context manager. */
const byOptions = new WeakMap<object, TracedRequest>();

export function withTracedRequest(active: Context, request: TracedRequest): Context {
  return active.setValue(KEY, request);
}

/** @param options what the SDK passes to its attempts. */
export function rememberRequest(options: object, request: TracedRequest): void {
  byOptions.set(options, request);
}

/**
 * Returns the call of which `makeRequest` makes a further attempt; undefined if it is a call of its own. Code of the
 * application can make calls of its own within a request: in its `fetch`, or for a token.
 *
 * @param retriesRemaining a number only if the SDK retries.
 */
export function retriedCall(client: object, options: unknown, retriesRemaining: unknown): TracedCall | undefined {
  if (typeof retriesRemaining !== 'number' || typeof options !== 'object' || options === null) return undefined;
  const known = byOptions.get(options)?.call;
  if (known) return known;
  // After a refused token, the SDK passes a copy of its options.
  const active = context.active().getValue(KEY) as TracedRequest | undefined;
  return active?.client === client ? active.call : undefined;
}
