import type { TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import type { Environment } from '../common/environment.js';
import { BaggagePropagator, SessionBaggagePropagator } from './session-baggage.js';

const DEFAULT_NAMES = 'tracecontext,baggage';

/**
 * Returns the propagator for requests to and from other services.
 *
 * @param propagateSession whether requests carry session and user of the trace.
 * @param env `OTEL_PROPAGATORS` is a list of `tracecontext` and `baggage`, or `none`. Default: both.
 * @param warn logs names that are not known.
 */
export function createPropagator(
  propagateSession: boolean,
  env: Environment,
  warn: (message: string) => void,
): TextMapPropagator {
  const known = new Map<string, () => TextMapPropagator>([
    ['tracecontext', () => new W3CTraceContextPropagator()],
    ['baggage', () => (propagateSession ? new SessionBaggagePropagator() : new BaggagePropagator())],
  ]);
  const text = env['OTEL_PROPAGATORS']?.trim() || DEFAULT_NAMES;
  const names = new Set(text.split(',').map((name) => name.trim().toLowerCase()));
  names.delete('none');
  names.delete('');
  const unknown = [...names].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    warn(`OTEL_PROPAGATORS has ${unknown.join(', ')}, which is ignored; use tracecontext, baggage or none`);
  }
  return new CompositePropagator({ propagators: [...names].flatMap((name) => known.get(name)?.() ?? []) });
}
