import type { ReadableSpan } from '../../common/sdk-types.js';
import { beginning } from '../../common/text.js';
import { copySpan } from './span.js';

/** Attribute of a span that was sent in part: names what the server refused. */
export const LEFT_OUT = 'mlflow.exporter.leftOut';

// Attributes that totals and searches need. The server accepts these short values after they are sanitized.
const KEPT =
  /^(?:session\.id|user\.id|gen_ai\.(?:conversation\.id|operation\.name|usage\..*|(?:request|response)\.model|provider\.name)|mlflow\.(?:spanType|chat\.tokenUsage|llm\..*|message\.format|traceTag\..*)|llm\.(?:token_count|usage)\..*|error\.type)$/;
const MAX_KEPT_LENGTH = 1000;

/**
 * Returns replacements for a span that the server refuses for an unforeseen cause. The first one is the span without
 * its content, with its tokens. The second one has only the place in the tree. Both keep the shape of the trace.
 */
export function repairs(span: ReadableSpan, reason: string): ReadableSpan[] {
  const { attributes, events, links } = span;
  const figures = Object.fromEntries(
    Object.entries(attributes).filter(([key, value]) => KEPT.test(key) && !isLong(value)),
  );
  return [figures, {}].map((kept, step) => {
    const missing = Object.keys(attributes).length - Object.keys(kept).length;
    const leftOut = `MLflow refused this span with ${missing} attributes, ${events.length} events and ${links.length} links, which were left out: ${reason}`;
    return copySpan(span, {
      attributes: { ...kept, [LEFT_OUT]: leftOut },
      events: [],
      links: [],
      // Name and status are the only texts left that the server may refuse.
      ...(step === 0 ? {} : { name: beginning(span.name, MAX_KEPT_LENGTH), status: { code: span.status.code } }),
    });
  });
}

function isLong(value: unknown): boolean {
  return typeof value === 'string' ? value.length > MAX_KEPT_LENGTH : typeof value === 'object';
}
