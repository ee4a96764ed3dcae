/** Plain JSON, and how an application's objects become plain JSON. */

import { limitText, mediaNote, type TextLimits } from './cut.js';
import { ExactNumber, markLongNumbers, readNumericValue, stringify, unmark } from './numbers.js';

/**
 * A value that JSON can express. Inside the instrumentation, an `ExactNumber` stands for a number that a JavaScript
 * number cannot hold. `contentHook` and events get its digits as text.
 */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** A JSON object. Members can be undefined; JSON leaves them out. */
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** Returns undefined if the value is no object or is an array. */
export function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** Returns an object without members if the value is no object or is an array. */
export function asMembers(value: unknown): JsonObject {
  return asObject(value) ?? {};
}

/** Returns an empty array if the value is no array. */
export function asArray(value: unknown): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** Returns the objects of an array; none if the value is no array. */
export function asObjects(value: unknown): JsonObject[] {
  return asArray(value).filter(isObject);
}

/** The key of the first member, without a list of all keys; undefined if there is no member. */
export function firstKey(object: JsonObject): string | undefined {
  for (const key in object) return key;
  return undefined;
}

export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Returns undefined if the value is no finite number. Text is never converted. */
export function asNumber(value: unknown): number | undefined {
  const number = value instanceof ExactNumber ? Number(value.toString()) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Returns the strings of an array; undefined if there are none. */
export function asStrings(value: unknown): string[] | undefined {
  const strings = asArray(value).filter((item) => typeof item === 'string');
  return strings.length > 0 ? strings : undefined;
}

/**
 * Parses JSON text, down to the depth that {@link toJson} copies. Numbers keep their digits. Returns undefined if the text
 * is no JSON.
 */
export function parseJson(text: string): JsonValue | undefined {
  try {
    const marked = markLongNumbers(text);
    const value = JSON.parse(marked ?? text) as JsonValue;
    // JSON.parse accepts any depth, but recursive code such as JSON.stringify would overflow the stack. A shorter text
    // cannot contain enough brackets.
    const shallow = text.length > 2 * MAX_DEPTH && isDeeper(value, MAX_DEPTH) ? (toJson(value) ?? null) : value;
    return marked === undefined ? shallow : withExactNumbers(shallow);
  } catch {
    return undefined; // No failure: a body can contain anything.
  }
}

/** Replaces marked strings in place. */
function withExactNumbers(value: JsonValue): JsonValue {
  // The type does not say that an exact number can be in the place of any value.
  if (typeof value === 'string') return (unmark(value) as JsonValue | undefined) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) value[index] = withExactNumbers(item);
  } else {
    for (const key of Object.keys(value)) setMember(value, key, withExactNumbers(value[key] as JsonValue));
  }
  return value;
}

function isDeeper(value: JsonValue | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    // Embeddings are long arrays of numbers, so numbers get no function call.
    for (const item of value) if (typeof item === 'object' && isDeeper(item, levels - 1)) return true;
    return false;
  }
  for (const key in value) if (isDeeper(value[key], levels - 1)) return true;
  return false;
}

/** The limits of text and bytes that become JSON. */
export interface ToJsonOptions {
  /** In characters. Longer strings are cut and end with a note. Default: no limit. */
  readonly maxStringLength?: number | undefined;
  /** In bytes. A note replaces longer bytes and longer base64 text. Default: no limit. */
  readonly maxMediaBytes?: number | undefined;
  /** True if numbers that a JavaScript number cannot hold become text. Default: they keep their type and their digits. */
  readonly longNumbersAsText?: boolean | undefined;
}

/** More levels than any Bedrock API accepts. The limit bounds the work for hostile objects. */
export const MAX_DEPTH = 200;

/** Several times the largest batch of embeddings. Objects that share parts can stand for unlimited JSON. */
export const MAX_VALUES = 500_000;

/** The base64 of more bytes is longer than a string can be. */
const MAX_BYTES = 2 ** 28;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Returns undefined if the bytes are no valid UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined; // No failure: the caller records binary data as base64.
  }
}

/** Returns the bytes of a `Uint8Array`, `Buffer`, `DataView` or `ArrayBuffer`, without a copy; else undefined. */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return undefined;
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/**
 * Copies an application's value as plain JSON: bytes as base64, dates in ISO form, without functions. Only
 * {@link stringify} can write the copy, because it can contain numbers of any length: big integers, and decimals of the AWS
 * SDK. Cycles, levels beyond 200 and values beyond 500,000 become notes.
 *
 * Only enumerable properties are read and `toJSON` methods are never called, so copying has no side effects.
 *
 * @throws what a getter of the value throws.
 */
export function toJson(value: unknown, options: ToJsonOptions = {}): JsonValue | undefined {
  const { maxStringLength = Number.POSITIVE_INFINITY, maxMediaBytes = Number.POSITIVE_INFINITY } = options;
  const { longNumbersAsText = false } = options;
  return copy(value, { maxStringLength, maxMediaBytes, longNumbersAsText, values: 0 }, []);
}

/**
 * @param ancestors an array, because there are too few for a set to be faster.
 * @param key the name of the member that holds the value or the list with the value.
 */
function copy(value: unknown, limits: Limits, ancestors: object[], key?: string): JsonValue | undefined {
  if (++limits.values > MAX_VALUES) return '[too many values]';
  switch (typeof value) {
    case 'string':
      return limitMember(value, limits, key);
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'bigint':
      return Number.isSafeInteger(Number(value))
        ? Number(value)
        : copyLongNumber(new ExactNumber(value.toString()), limits);
    case 'object':
      return value === null ? null : copyObject(value, limits, ancestors, key);
    default:
      return undefined;
  }
}

/**
 * Returns the text if it is within the limits, else a shorter text. Cuts the texts inside of the JSON text that OpenAI's
 * format has for the arguments of a tool call.
 *
 * @param key see {@link limitText}.
 */
export function limitMember(text: string, limits: TextLimits, key?: string): string {
  const isArguments = key === 'arguments' && text.length > limits.maxStringLength;
  const parsed = isArguments ? parseJson(text) : undefined;
  if (typeof parsed !== 'object' || parsed === null) return limitText(text, limits, key);
  const { maxStringLength, maxMediaBytes } = limits;
  return stringify(toJson(parsed, { maxStringLength, maxMediaBytes }));
}

function copyLongNumber(number: ExactNumber, { longNumbersAsText }: Limits): JsonValue {
  return longNumbersAsText ? number.toString() : (number as unknown as JsonValue);
}

function copyObject(value: object, limits: Limits, ancestors: object[], ofKey: string | undefined): JsonValue {
  const bytes = asBytes(value);
  if (bytes) {
    if (bytes.byteLength > Math.min(limits.maxMediaBytes, MAX_BYTES)) return mediaNote(bytes.byteLength);
    return toBase64(bytes);
  }
  const number = value instanceof ExactNumber ? value : readNumericValue(value);
  if (number) return copyLongNumber(number, limits);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ancestors.includes(value)) return '[circular]';
  if (ancestors.length >= MAX_DEPTH) return '[nested too deeply]';
  ancestors.push(value);
  let result: JsonValue;
  if (Array.isArray(value)) {
    const items: JsonValue[] = [];
    for (const item of value) {
      if (limits.values > MAX_VALUES) break;
      items.push(copy(item, limits, ancestors, ofKey) ?? null);
    }
    result = items;
  } else {
    const object: JsonObject = {};
    for (const key of Object.keys(value)) {
      if (limits.values > MAX_VALUES) break;
      const member = copy((value as Record<string, unknown>)[key], limits, ancestors, key);
      if (member === undefined) continue;
      setMember(object, key, member);
    }
    result = object;
  }
  ancestors.pop();
  return result;
}

/** Sets a member. An assignment to `__proto__` would set the prototype instead. */
export function setMember(object: JsonObject, key: string, value: JsonValue | undefined): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Sets all members of another object, except the one named `except`. */
export function setMembers(object: JsonObject, members: JsonObject, except?: string): void {
  for (const key of Object.keys(members)) if (key !== except) setMember(object, key, members[key]);
}

interface Limits extends TextLimits {
  readonly longNumbersAsText: boolean;
  /** How many values have been copied. */
  values: number;
}
