import { inspect } from 'node:util';
import type { Attributes } from '@opentelemetry/api';
import { parseJson } from '../../common/json.js';
import type { SpanEvent, SpanLink } from '../../common/sdk-types.js';
import { endOfString, QUOTE, quote } from './json-text.js';

/**
 * MLflow turns JSON text in attributes into structure, and returns that as nested protobuf messages. Protobuf readers
 * stop at 100 levels. Beyond that the server answers 500 for the trace, and searches in Python fail for its experiment.
 * Measured on 3.17.2 and 3.18.0: Python reads values up to 95 levels. In the value of an event it is one less, and
 * translators of the server put up to six levels around a value (gemini_cli.py in mlflow/tracing/otel/translation).
 */
const MAX_LEVELS = 88;
/** An object is a list of pairs with a value each. */
const OBJECT_LEVELS = 3;
/** A list has only the list and the value. */
const LIST_LEVELS = 2;

/** For these keys the server also parses a text inside a JSON string, twice at most, and each text of a list. */
const PARSED_AGAIN = /^ai\.(?:prompt|response)\./;
const MAX_TEXTS_IN_TEXT = 2;

/**
 * The attributes with JSON text in place of what is nested too deep for MLflow. Nothing is lost, and numbers keep their
 * digits. Returns the same object if nothing is too deep.
 */
export function limitDepth<T extends Attributes | undefined>(attributes: T): T {
  let limited: Attributes | undefined;
  for (const key in attributes) {
    const value = attributes[key];
    const fit = limitValue(key, value);
    if (Object.is(fit, value)) continue;
    limited ??= { ...attributes };
    limited[key] = fit;
  }
  return (limited as T | undefined) ?? attributes;
}

/** The same for the attributes of each event or link. */
export function limitDepthOfEach<T extends SpanEvent | SpanLink>(parts: T[]): T[] {
  let limited: T[] | undefined;
  for (const [index, part] of parts.entries()) {
    const attributes = limitDepth(part.attributes);
    if (attributes === part.attributes) continue;
    limited ??= [...parts];
    limited[index] = { ...part, ...(attributes && { attributes }) };
  }
  return limited ?? parts;
}

function limitValue(key: string, value: Attributes[string]): Attributes[string] {
  const textsInText = PARSED_AGAIN.test(key) ? MAX_TEXTS_IN_TEXT : 0;
  if (typeof value === 'string') return limitText(value, textsInText);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (!Array.isArray(value) || value.some((item) => typeof item === 'object')) return limitStructure(value);
  const texts = textsInText === 0 ? value : value.map((item) => limitItem(item, textsInText));
  return texts.every((text, index) => text === value[index]) ? value : (texts as string[]);
}

function limitItem(item: unknown, textsInText: number): unknown {
  return typeof item === 'string' ? limitText(item, textsInText) : item;
}

/** Structure that is not text. OTLP allows it in attributes, although the types of the API do not. */
function limitStructure(value: object): Attributes[string] {
  let text: string;
  try {
    text = JSON.stringify(value) ?? '';
  } catch {
    // A circle, more levels than the stack holds, or a value that JSON lacks.
    return inspect(value);
  }
  const limited = limitText(text, 0);
  return limited === text ? (value as unknown as Attributes[string]) : limited;
}

/** @param textsInText how often the server parses a text that it finds in a JSON string */
function limitText(text: string, textsInText: number): string {
  const first = /\S/.exec(text)?.[0];
  if (first === '"' && textsInText > 0 && mayBeDeep(text)) {
    const inner = parseJson(text);
    if (typeof inner !== 'string') return text;
    const fit = limitText(inner, textsInText - 1);
    return fit === inner ? text : JSON.stringify(fit);
  }
  if ((first !== '{' && first !== '[') || !mayBeDeep(text)) return text;
  const parts = deepParts(text);
  if (parts.length === 0) return text;
  // A text that is not JSON stays as it is: the server unwraps the string. It must not parse the text itself, because
  // Python's parser fails at 1000 levels before it finds out, and accepts words such as NaN.
  if (parseJson(text) === undefined) return quote(text);
  let limited = '';
  let end = 0;
  for (const part of parts) {
    limited += text.slice(end, part.start) + quote(text.slice(part.start, part.end));
    end = part.end;
  }
  return limited + text.slice(end);
}

/** Whether the text has enough brackets to exceed the limit if each was inside the one before. */
function mayBeDeep(text: string): boolean {
  return (
    text.length > MAX_LEVELS &&
    levelsAtMost(text, '{', OBJECT_LEVELS) + levelsAtMost(text, '[', LIST_LEVELS) > MAX_LEVELS
  );
}

function levelsAtMost(text: string, bracket: string, levelsOfOne: number): number {
  let levels = 0;
  for (let at = text.indexOf(bracket); at !== -1 && levels <= MAX_LEVELS; at = text.indexOf(bracket, at + 1)) {
    levels += levelsOfOne;
  }
  return levels;
}

interface Part {
  start: number;
  /** Behind the closing bracket. */
  end: number;
}

// Codes instead of characters, because this loop reads every long conversation.
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const LIST = 0x5b;
const LIST_END = 0x5d;

/** The outermost parts of a JSON text that are too deep. They are cut by position, so that nothing in them changes. */
function deepParts(text: string): Part[] {
  const parts: Part[] = [];
  let levels = 0;
  let start = -1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === OBJECT || code === LIST) {
      levels += code === OBJECT ? OBJECT_LEVELS : LIST_LEVELS;
      if (levels > MAX_LEVELS && start === -1) start = at;
    } else if (code === OBJECT_END || code === LIST_END) {
      levels -= code === OBJECT_END ? OBJECT_LEVELS : LIST_LEVELS;
      if (start === -1 || levels > MAX_LEVELS) continue;
      parts.push({ start, end: at + 1 });
      start = -1;
    }
  }
  // Without its closing bracket, the text is not JSON.
  return start === -1 ? parts : [{ start, end: text.length }];
}
