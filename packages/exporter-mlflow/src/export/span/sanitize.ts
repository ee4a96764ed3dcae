import type { Attributes, AttributeValue, HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { columnText, storableText, truncate } from '../../common/text.js';
import { COST, LIMITS, SERVER_TAGS, SPAN_TYPE, TOKEN_USAGE, TRACE_NAME, TRACE_TAG_PREFIX } from '../../mlflow/names.js';
import { translateChat } from './conventions/chat.js';
import { translateFramework } from './conventions/frameworks.js';
import { KIND_ATTRIBUTES, withSpanType } from './conventions/span-type.js';
import {
  CACHE_CREATION_TOKENS,
  CACHE_READ_TOKENS,
  CACHE_WRITE_TOKENS,
  INPUT_TOKENS,
  mendCost,
  mendCount,
  mendUsage,
  OUTPUT_TOKENS,
  usageOfOneSide,
} from './conventions/usage.js';
import { readableAttributes, readableEvents, readableLinks, readableResource } from './readable/readable.js';
import { copySpan } from './span.js';

type Resource = ReadableSpan['resource'];
/** Returns what to send in place of a value: the same value if it is fit, undefined to drop it. */
type Rule = (value: AttributeValue) => AttributeValue | undefined;

const drop: Rule = () => undefined;
const shorten =
  (limit: number): Rule =>
  (value) => {
    if (typeof value === 'number' || typeof value === 'boolean') return value;
    const text = columnText(value);
    return text === undefined || text.length <= limit ? value : truncate(text, limit);
  };
/** The server parses texts that look like JSON, and fails if the result is not a text. */
const word: Rule = (value) => {
  if (typeof value === 'string') return /^\s*[[{]/.test(value) ? undefined : value;
  return Array.isArray(value) || typeof value === 'object' ? undefined : value;
};
const typeOfSpan: Rule = (value) => {
  const type = word(value);
  return typeof type === 'string' ? shorten(LIMITS.spanType)(type) : type;
};

/**
 * Attributes for which MLflow 3.17 refuses a whole request, or after which it cannot read the trace back.
 * The tests try each of them on a server (test/sanitize.test.ts).
 */
const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['session.id', shorten(LIMITS.session)],
  ['gen_ai.conversation.id', shorten(LIMITS.session)],
  ['user.id', shorten(LIMITS.metadataValue)],
  ...KIND_ATTRIBUTES.map((attribute): [string, Rule] => [attribute, word]),
  [SPAN_TYPE, typeOfSpan],
  [TOKEN_USAGE, mendUsage],
  [COST, mendCost],
  [`${TRACE_TAG_PREFIX}${TRACE_NAME}`, shorten(LIMITS.traceName)],
  ...SERVER_TAGS.map((tag): [string, Rule] => [`${TRACE_TAG_PREFIX}${tag}`, drop]),
  [INPUT_TOKENS, mendCount],
  [OUTPUT_TOKENS, mendCount],
  ['gen_ai.usage.prompt_tokens', mendCount],
  ['gen_ai.usage.completion_tokens', mendCount],
  [CACHE_READ_TOKENS, mendCount],
  [CACHE_WRITE_TOKENS, mendCount],
  [CACHE_CREATION_TOKENS, mendCount],
  ['llm.usage.total_tokens', mendCount],
  ['llm.token_count.prompt', mendCount],
  ['llm.token_count.completion', mendCount],
  ['llm.token_count.total', mendCount],
]);

/**
 * The span as MLflow can take it: the same object if it is fit, else a copy. Unescaped lone surrogates need no care,
 * because UTF-8 encoding replaces them.
 */
export function sanitizeSpan(span: ReadableSpan): ReadableSpan {
  // First, because the limits of the server count the characters of what is sent.
  const attributes = sanitizeAttributes(readableAttributes(span.attributes));
  const events = readableEvents(span.events);
  const links = readableLinks(span.links);
  const name = storableText(span.name);
  const resource = sanitizeResource(span.resource);
  const timely = isTime(span.startTime) && isTime(span.endTime) && !isBefore(span.endTime, span.startTime);
  const isSame =
    attributes === span.attributes &&
    events === span.events &&
    links === span.links &&
    name === span.name &&
    resource === span.resource;
  if (timely && isSame) return span;
  return copySpan(span, { attributes, events, links, name, resource, ...(timely ? {} : mendTimes(span)) });
}

function sanitizeAttributes(recorded: Attributes): Attributes {
  const translated = translateFramework(recorded) ?? recorded;
  const attributes = withSpanType(translateChat(translated) ?? translated);
  let mended: Attributes | undefined;
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    const rule = RULES.get(key);
    const ruled = rule === undefined ? value : rule(value);
    const fit = typeof ruled === 'string' ? storableText(ruled) : ruled;
    if (Object.is(fit, value)) continue;
    mended ??= { ...attributes };
    if (fit === undefined) delete mended[key];
    else mended[key] = fit;
  }
  const usage = usageOfOneSide(mended ?? attributes);
  return usage === undefined ? (mended ?? attributes) : { ...(mended ?? attributes), [TOKEN_USAGE]: usage };
}

// The same few resources arrive with every span, and the SDK computes their attributes on each access.
const resources = new WeakMap<Resource, Resource>();

/**
 * The resource with attributes that MLflow can read. The server turns them into tags. For bytes it answers 500, which
 * looks like an outage.
 */
function sanitizeResource(resource: Resource): Resource {
  const known = resources.get(resource);
  if (known !== undefined) return known;
  const { attributes } = resource;
  let mended: Attributes | undefined;
  for (const [key, value] of Object.entries<unknown>(attributes)) {
    const text = value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
    if (typeof text !== 'string') continue;
    const fit = storableText(text);
    if (fit === value) continue;
    mended ??= { ...attributes };
    mended[key] = fit;
  }
  const readable = readableResource(mended ?? attributes);
  const fit = readable === attributes ? resource : Object.create(resource, { attributes: { value: readable } });
  if (!resource.asyncAttributesPending) resources.set(resource, fit);
  return fit;
}

// Columns hold nanoseconds in 64 bits, up to the year 2262. Beyond that the server answers 500, which looks like an
// outage.
const MAX_SECONDS = 9_223_372_036;
const NANOS_PER_SECOND = 1_000_000_000;

function isTime([seconds, nanos]: HrTime): boolean {
  return Number.isInteger(seconds) && seconds >= 0 && seconds < MAX_SECONDS && nanos >= 0 && nanos < NANOS_PER_SECOND;
}

function isBefore([seconds, nanos]: HrTime, [otherSeconds, otherNanos]: HrTime): boolean {
  return seconds < otherSeconds || (seconds === otherSeconds && nanos < otherNanos);
}

/** As in the SDK, the end becomes the start if the clock was set back while the span ran. */
function mendTimes({ startTime, endTime }: ReadableSpan): Pick<ReadableSpan, 'startTime' | 'endTime' | 'duration'> {
  const end = mendTime(endTime);
  const start = mendTime(startTime) ?? end ?? [0, 0];
  if (end === undefined || isBefore(end, start)) return { startTime: start, endTime: start, duration: [0, 0] };
  const [seconds, nanos] = [end[0] - start[0], end[1] - start[1]];
  const duration: HrTime = nanos < 0 ? [seconds - 1, nanos + NANOS_PER_SECOND] : [seconds, nanos];
  return { startTime: start, endTime: end, duration };
}

function mendTime([seconds, nanos]: HrTime): HrTime | undefined {
  const whole = Math.floor(seconds);
  const rest = Math.round((seconds - whole) * NANOS_PER_SECOND + nanos);
  const carry = Math.floor(rest / NANOS_PER_SECOND);
  const time: HrTime = [whole + carry, rest - carry * NANOS_PER_SECOND];
  return isTime(time) ? time : undefined;
}
