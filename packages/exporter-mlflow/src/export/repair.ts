import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '../common/sdk-types.js';
import { copySpan } from './span-copy.js';

/** On a span that was sent in part: says what the server refused. */
export const LEFT_OUT = 'mlflow.exporter.leftOut';

// What a trace is counted and found by: short values, which the server takes as they are once they are sanitized.
const KEPT =
  /^(?:session\.id|user\.id|gen_ai\.(?:conversation\.id|operation\.name|usage\..*|(?:request|response)\.model|provider\.name)|mlflow\.(?:spanType|chat\.tokenUsage|llm\..*|message\.format|traceTag\..*)|llm\.(?:token_count|usage)\..*|error\.type)$/;
const MAX_KEPT_LENGTH = 1000;

/**
 * What to send in place of a span that the server refuses for a cause nobody foresaw, best first: the span without
 * its content, then its place in the tree alone. So its trace keeps its shape, and with the first its tokens.
 */
export function repairs(span: ReadableSpan, reason: string): ReadableSpan[] {
  const { attributes, events, links } = span;
  const figures = Object.fromEntries(
    Object.entries(attributes).filter(([key, value]) => KEPT.test(key) && !isLong(value)),
  );
  return [figures, {}].map((kept: Attributes, step) => {
    const missing = Object.keys(attributes).length - Object.keys(kept).length;
    const said = `MLflow refused this span with ${missing} attributes, ${events.length} events and ${links.length} links, which were left out: ${reason}`;
    return copySpan(span, {
      attributes: { ...kept, [LEFT_OUT]: said },
      events: [],
      links: [],
      // Its texts are the only ones left that may be at fault.
      ...(step === 0 ? {} : { name: span.name.slice(0, MAX_KEPT_LENGTH), status: { code: span.status.code } }),
    });
  });
}

function isLong(value: unknown): boolean {
  return typeof value === 'string' ? value.length > MAX_KEPT_LENGTH : typeof value === 'object';
}
