import { parseJson } from '../../common/json.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { type Cost, readCost, type TokenUsage } from '../../mlflow/figures.js';
import { COST } from '../../mlflow/names.js';
import { recordedUsage } from './conventions/usage.js';

/** The part of a span that the totals of its trace depend on. */
export interface SpanFigures {
  spanId: string;
  /** Absent on a root. */
  parentSpanId?: string | undefined;
  tokenUsage?: TokenUsage | undefined;
  cost?: Cost | undefined;
}

/** Reads the figures of a span, for servers that compute no totals. */
export function readSpanFigures(span: ReadableSpan): SpanFigures {
  const { [COST]: cost } = span.attributes;
  return {
    spanId: span.spanContext().spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    tokenUsage: recordedUsage(span.attributes),
    cost: typeof cost === 'string' ? readCost(parseJson(cost)) : undefined,
  };
}
