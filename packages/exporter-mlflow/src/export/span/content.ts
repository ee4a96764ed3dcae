import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { CONTENT_NAMES, FIGURES_BELOW } from '../../common/content-names.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { counted, truncate } from '../../common/text.js';
import { bytesInMemory } from './size.js';

/** Attribute of a span that was sent in part: says what is missing, and why. */
export const LEFT_OUT = 'mlflow.exporter.leftOut';

/** The members of a span that can hold content. */
export type Content = Pick<ReadableSpan, 'name' | 'attributes' | 'events' | 'links' | 'status'>;

// Attributes that totals and searches need. The server accepts these short values after they are sanitized.
const FIGURE =
  /^(?:session\.id|user\.id|gen_ai\.(?:conversation\.id|operation\.name|usage\..*|(?:request|response)\.model|provider\.name)|mlflow\.(?:spanType|chat\.tokenUsage|llm\..*|message\.format|traceTag\..*)|llm\.(?:token_count|usage)\..*|error\.type)$/;
const FINISH_REASON = /finish_?reason/i;
const MAX_KEPT_LENGTH = 1000;
const MAX_KEPT_ITEMS = 100;
// More small values than this are content in pieces.
const MAX_KEPT_BYTES = 16_384;

/** The attributes that totals and searches need, without long values. */
export function figuresOf(attributes: Attributes): Attributes {
  return filter(attributes, (key, value) => FIGURE.test(key) && typeof value !== 'object' && !isLong(value));
}

/**
 * The span without its content: messages, inputs, outputs, any other long value of any instrumentation, and events that
 * are not errors. Tokens, model, ids, times, status and tags stay.
 *
 * @param describe returns the attribute {@link LEFT_OUT} for what is missing
 */
export function withoutContent(span: Content, describe: (missing: string) => string): Content {
  const isKept = (key: string, value: unknown): boolean =>
    (FINISH_REASON.test(key) || !isContent(key)) && !isLong(value);
  const bare: Content = {
    // A wrapper around the SDK can set a name of another type.
    name: truncate(String(span.name), MAX_KEPT_LENGTH),
    attributes: filter(span.attributes, isKept),
    events: span.events
      .filter(({ name }) => name === 'exception')
      .slice(-1)
      .map((event) => ({ ...event, attributes: filter(event.attributes ?? {}, isKept) })),
    links: span.links.map(({ context }) => ({ context })),
    status: span.status.message
      ? { ...span.status, message: truncate(span.status.message, MAX_KEPT_LENGTH) }
      : span.status,
  };
  const isSmall = bytesInMemory(bare) <= MAX_KEPT_BYTES;
  const kept = isSmall ? bare : { ...bare, attributes: figuresOf(span.attributes), events: [], links: [] };
  const attributes = Object.keys(span.attributes).length - Object.keys(kept.attributes).length;
  const events = span.events.length - kept.events.length;
  const missing = `${counted(attributes, 'attribute')} and ${counted(events, 'event')}`;
  return { ...kept, attributes: { ...kept.attributes, [LEFT_OUT]: describe(missing) } };
}

/** Whether an attribute holds content by its name, or by the start of its name. */
function isContent(key: string): boolean {
  if (FIGURES_BELOW.has(key)) return false;
  for (let end = key.length; end > 0; end = key.lastIndexOf('.', end - 1)) {
    if (CONTENT_NAMES.has(key.slice(0, end))) return true;
  }
  return false;
}

function filter(attributes: Attributes, isKept: (key: string, value: AttributeValue | undefined) => boolean) {
  return Object.fromEntries(Object.entries(attributes).filter(([key, value]) => isKept(key, value)));
}

function isLong(value: unknown): boolean {
  if (typeof value === 'string') return value.length > MAX_KEPT_LENGTH;
  if (Array.isArray(value)) return value.length > MAX_KEPT_ITEMS || value.some(isLong);
  return typeof value === 'object' && value !== null;
}
