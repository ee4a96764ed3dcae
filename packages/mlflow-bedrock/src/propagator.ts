import type { TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import type { Environment } from './environment.js';
import { BaggagePropagator, SessionBaggagePropagator } from './session-baggage.js';

const DEFAULT_NAMES = 'tracecontext,baggage';

/**
 * What requests to and from other services carry, by `OTEL_PROPAGATORS`: `tracecontext`, `baggage`, both (the default)
 * or `none`.
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
    warn(`OTEL_PROPAGATORS names ${unknown.join(', ')}, and only tracecontext, baggage and none are known here`);
  }
  return new CompositePropagator({ propagators: [...names].flatMap((name) => known.get(name)?.() ?? []) });
}
