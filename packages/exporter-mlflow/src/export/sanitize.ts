import type { Attributes, AttributeValue, HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '../common/sdk-types.js';
import { attributeText, truncate } from '../common/text.js';
import { translateFramework } from './frameworks.js';
import { LIMITS } from './limits.js';
import { copySpan } from './span-copy.js';
import {
  CACHE_CREATION_TOKENS,
  CACHE_READ_TOKENS,
  CACHE_WRITE_TOKENS,
  INPUT_TOKENS,
  mendCost,
  mendCount,
  mendUsage,
  OUTPUT_TOKENS,
  TOKEN_USAGE,
  usageOfOneSide,
} from './usage.js';

type Resource = ReadableSpan['resource'];
/** Gives what to send in place of a value, the same value when nothing is wrong with it, `undefined` for nothing. */
type Rule = (value: AttributeValue) => AttributeValue | undefined;

const drop: Rule = () => undefined;
const shorten =
  (limit: number): Rule =>
  (value) => {
    if (typeof value === 'number' || typeof value === 'boolean') return value;
    const text = attributeText(value);
    return text === undefined || text.length <= limit ? value : truncate(text, limit);
  };
/** The server parses strings that look like JSON, and stumbles where it then finds no string. */
const word: Rule = (value) => {
  if (typeof value === 'string') return /^\s*[[{]/.test(value) ? undefined : value;
  return Array.isArray(value) || typeof value === 'object' ? undefined : value;
};
const spanType: Rule = (value) => {
  const type = word(value);
  return typeof type === 'string' ? shorten(LIMITS.spanType)(type) : type;
};

/**
 * What a server of MLflow 3.17 refuses a whole request for, or stores so that the trace cannot be read any more; each
 * was tried (test/sanitize.test.ts).
 */
const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['session.id', shorten(LIMITS.session)],
  ['gen_ai.conversation.id', shorten(LIMITS.session)],
  ['user.id', shorten(LIMITS.metadataValue)],
  ['gen_ai.operation.name', word],
  ['mlflow.spanType', spanType],
  [TOKEN_USAGE, mendUsage],
  ['mlflow.llm.cost', mendCost],
  ['mlflow.traceTag.mlflow.traceName', shorten(LIMITS.traceName)],
  // The server's own bookkeeping: with a client's value it would look for the spans in the wrong place.
  ['mlflow.traceTag.mlflow.trace.spansLocation', drop],
  ['mlflow.traceTag.mlflow.artifactLocation', drop],
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
 * The span as MLflow can take it: the very same object when nothing is wrong with it, which costs a look at each
 * attribute, else a copy. Lone surrogates need no care: UTF-8 encoding replaces them.
 */
export function sanitizeSpan(span: ReadableSpan): ReadableSpan {
  const attributes = sanitizeAttributes(span.attributes);
  const name = withoutZeros(span.name);
  const resource = sanitizeResource(span.resource);
  const timely = isTime(span.startTime) && isTime(span.endTime) && !isBefore(span.endTime, span.startTime);
  if (timely && attributes === span.attributes && name === span.name && resource === span.resource) return span;
  return copySpan(span, { attributes, name, resource, ...(timely ? {} : mendTimes(span)) });
}

function sanitizeAttributes(recorded: Attributes): Attributes {
  const attributes = translateFramework(recorded) ?? recorded;
  let mended: Attributes | undefined;
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    const rule = RULES.get(key);
    const ruled = rule === undefined ? value : rule(value);
    const fit = typeof ruled === 'string' ? withoutZeros(ruled) : ruled;
    if (Object.is(fit, value)) continue;
    mended ??= { ...attributes };
    if (fit === undefined) delete mended[key];
    else mended[key] = fit;
  }
  const usage = usageOfOneSide(mended ?? attributes);
  return usage === undefined ? (mended ?? attributes) : { ...(mended ?? attributes), [TOKEN_USAGE]: usage };
}

// An escape counts only after an even number of backslashes: "\\u0000" is a backslash and text.
const ESCAPED_ZERO = /(?<!\\)((?:\\\\)*)\\u0000/g;

/**
 * PostgreSQL takes no zero bytes in text: neither as such nor in JSON, out of which the server makes previews.
 * `includes` is a plain search in memory; the expression runs only where it found something.
 */
function withoutZeros(text: string): string {
  const plain = text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
  // Zeros are rarer than backslashes: looking for them first takes a fraction of the time in JSON.
  if (!plain.includes('0000') || !plain.includes('\\u0000')) return plain;
  return plain.replace(ESCAPED_ZERO, '$1\\ufffd');
}

// The same few resources come with every span, and theirs are computed on each access.
const resources = new WeakMap<Resource, Resource>();

/** The server makes tags of them. */
function sanitizeResource(resource: Resource): Resource {
  const known = resources.get(resource);
  if (known !== undefined) return known;
  const { attributes } = resource;
  let mended: Attributes | undefined;
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value !== 'string') continue;
    const fit = withoutZeros(value);
    if (fit !== value) mended = { ...(mended ?? attributes), [key]: fit };
  }
  const fit = mended === undefined ? resource : Object.create(resource, { attributes: { value: mended } });
  if (!resource.asyncAttributesPending) resources.set(resource, fit);
  return fit;
}

// Columns hold nanoseconds in 64 bits, up to the year 2262. Beyond, the server fails with status 500, which looks like
// an outage.
const MAX_SECONDS = 9_223_372_036;
const NANOS_PER_SECOND = 1_000_000_000;

function isTime([seconds, nanos]: HrTime): boolean {
  return Number.isInteger(seconds) && seconds >= 0 && seconds < MAX_SECONDS && nanos >= 0 && nanos < NANOS_PER_SECOND;
}

function isBefore([seconds, nanos]: HrTime, [otherSeconds, otherNanos]: HrTime): boolean {
  return seconds < otherSeconds || (seconds === otherSeconds && nanos < otherNanos);
}

/** A clock that was set back while the span ran: as the SDK does it, such a span ends when it starts. */
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
