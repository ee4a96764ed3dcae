import { inspect } from 'node:util';
import type { Attributes } from '@opentelemetry/api';
import { parseJson } from '../../common/json.js';
import type { SpanEvent, SpanLink } from '../../common/sdk-types.js';
import { isTooDeep, quoteDeepParts } from './depth.js';
import { quoteBeyond64Bits } from './integers.js';

/*
 * MLflow turns JSON text in attributes into structure, and returns that as nested protobuf messages. If these messages
 * cannot express it, the server answers 500 for the trace, and searches in Python fail for its experiment.
 */

/** For these keys the server also parses a text inside a JSON string, twice at most, and each text of a list. */
const PARSED_AGAIN = /^ai\.(?:prompt|response)\./;
const MAX_TEXTS_IN_TEXT = 2;
/** Events whose attributes the server makes into inputs and outputs. It does not parse other texts outside of spans. */
const TRANSLATED_EVENT = /^(?:gen_ai\.|tool\.output$)/;

/**
 * The attributes of a span with text in place of what MLflow cannot read back: JSON text for parts that are nested too
 * deep, and digits for integers beyond 64 bits. Nothing is lost. Returns the same object if MLflow can read all.
 */
export function readableAttributes(attributes: Attributes): Attributes {
  return withEach(attributes, readableValue);
}

/** The same for events. */
export function readableEvents(events: SpanEvent[]): SpanEvent[] {
  return withAttributes(events, ({ name }) => (TRANSLATED_EVENT.test(name) ? readableValue : readableStructure));
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

function readableValue(value: Value, key: string): Value {
  const textsInText = PARSED_AGAIN.test(key) ? MAX_TEXTS_IN_TEXT : 0;
  if (typeof value === 'string') return readableText(value, textsInText);
  if (textsInText === 0 || !Array.isArray(value)) return readableStructure(value);
  const texts = value.map((item) => (typeof item === 'string' ? readableText(item, textsInText) : item)) as string[];
  return texts.every((text, index) => text === value[index]) ? readableStructure(value) : texts;
}

/** Structure that is not text. OTLP allows it in attributes, although the types of the API do not. */
function readableStructure(value: Value): Value {
  if (!isTooDeep(value)) return value;
  try {
    return readableText(JSON.stringify(value), 0);
  } catch {
    // A circle, more levels than the stack holds, or a value that JSON lacks.
    return inspect(value);
  }
}

/** @param textsInText how often the server parses a text that it finds in a JSON string */
function readableText(text: string, textsInText: number): string {
  if (textsInText > 0 && /^\s*"/.test(text)) {
    const inner = parseJson(text);
    if (typeof inner !== 'string') return text;
    const fit = readableText(inner, textsInText - 1);
    return fit === inner ? text : JSON.stringify(fit);
  }
  // Integers come second, so that those in parts that are quoted already stay as they are.
  return quoteBeyond64Bits(quoteDeepParts(text));
}
