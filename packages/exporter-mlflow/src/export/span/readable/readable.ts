import type { Attributes } from '@opentelemetry/api';
import { parseJson, quote } from '../../../common/json.js';
import type { SpanEvent, SpanLink } from '../../../common/sdk-types.js';
import { writeJson } from '../../../common/text.js';
import { isTooDeep, quoteDeepParts } from './depth.js';
import { isIntegerBeyond, quoteBeyond64Bits } from './integers.js';

/*
 * MLflow turns JSON text in attributes into structure, and returns that as nested protobuf messages. If these messages
 * cannot express it, the server answers 500 for the trace, and searches in Python fail for its experiment.
 */

/** How the server reads the text of a value. */
interface Parsing {
  /** How often it parses the text, as long as the result is a text. */
  times: number;
  /** Length of the longest text that may be an integer. */
  maxInteger: number;
}

/** Python's parser takes 4300 digits. With more the server refuses the whole request. */
const ONCE: Parsing = { times: 1, maxInteger: 4300 };
/** In some places the server makes numbers of texts. One of 19 digits may be beyond 64 bits. */
const OF_EVENT: Parsing = { times: 1, maxInteger: 18 };
const OF_AI_SDK: Parsing = { times: 3, maxInteger: 18 };
/** Model calls of the AI SDK, and their content, which vercel_ai.py in mlflow/tracing/otel/translation reads. */
const AI_SDK_CALL = /^"?ai\.(?:generateText\.doGenerate|streamText\.doStream)"?$/;
const AI_SDK_CONTENT = /^ai\.(?:prompt|response)\./;
/** Events whose attributes the server makes into inputs and outputs. It does not parse other texts outside of spans. */
const TRANSLATED_EVENT = /^(?:gen_ai\.|tool\.output$)/;

/**
 * The attributes of a span with text in place of what MLflow cannot read back: JSON text for parts that are nested too
 * deep, and digits for integers beyond 64 bits. Nothing is lost. Returns the same object if MLflow can read all.
 */
export function readableAttributes(attributes: Attributes): Attributes {
  const isAiSdkCall = AI_SDK_CALL.test(String(attributes['ai.operationId']));
  return withEach(attributes, (value, key) =>
    isAiSdkCall && AI_SDK_CONTENT.test(key) ? readableContent(value) : readableValue(value, ONCE),
  );
}

/** The same for events. */
export function readableEvents(events: SpanEvent[]): SpanEvent[] {
  return withAttributes(events, ({ name }) =>
    TRANSLATED_EVENT.test(name) ? (value) => readableValue(value, OF_EVENT) : readableStructure,
  );
}

/** The same for links. */
export function readableLinks(links: SpanLink[]): SpanLink[] {
  return withAttributes(links, () => readableStructure);
}

/** The same for attributes of a resource. */
export function readableResource(attributes: Attributes): Attributes {
  return withEach(attributes, readableStructure);
}

type Value = Attributes[string];
type Replace = (value: Value, key: string) => Value;

function withEach(attributes: Attributes, replace: Replace): Attributes {
  let replaced: Attributes | undefined;
  for (const key in attributes) {
    const value = attributes[key];
    const fit = replace(value, key);
    if (Object.is(fit, value)) continue;
    replaced ??= { ...attributes };
    replaced[key] = fit;
  }
  return replaced ?? attributes;
}

function withAttributes<T extends { attributes?: Attributes }>(parts: T[], replaceOf: (part: T) => Replace): T[] {
  let replaced: T[] | undefined;
  for (const [index, part] of parts.entries()) {
    if (part.attributes === undefined) continue;
    const attributes = withEach(part.attributes, replaceOf(part));
    if (attributes === part.attributes) continue;
    replaced ??= [...parts];
    replaced[index] = { ...part, attributes };
  }
  return replaced ?? parts;
}

function readableValue(value: Value, parsing: Parsing): Value {
  return typeof value === 'string' ? readableText(value, parsing) : readableStructure(value);
}

function readableContent(value: Value): Value {
  if (typeof value === 'string') return readableText(value, OF_AI_SDK);
  if (!Array.isArray(value)) return readableStructure(value);
  const items = value.map((item) => (typeof item === 'string' ? readableText(item, OF_AI_SDK) : item)) as string[];
  return items.every((item, index) => item === value[index]) ? readableStructure(value) : items;
}

/** Structure that is not text. OTLP allows it in attributes, although the types of the API do not. */
function readableStructure(value: Value): Value {
  return isTooDeep(value) ? readableText(writeJson(value), ONCE) : value;
}

function readableText(text: string, { times, maxInteger }: Parsing): string {
  if (times > 1 && /^\s*"/.test(text)) {
    const inner = parseJson(text);
    if (typeof inner !== 'string') return text;
    const fit = readableText(inner, { times: times - 1, maxInteger });
    return fit === inner ? text : quote(fit);
  }
  const json = isIntegerBeyond(text, maxInteger) ? undefined : readableJson(text);
  if (json !== undefined) return json;
  // The server unwraps one string each time it parses, so with these it never parses the text itself.
  let wrapped = text;
  for (let wraps = 0; wraps < times; wraps++) wrapped = quote(wrapped);
  return wrapped;
}

/** Undefined if the text cannot stay JSON. */
function readableJson(text: string): string | undefined {
  const flat = quoteDeepParts(text);
  // Integers come second, so that those in parts that are quoted already stay as they are.
  return flat === undefined ? undefined : quoteBeyond64Bits(flat);
}
