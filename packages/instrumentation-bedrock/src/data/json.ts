/** Plain JSON data, and the only way from an application's objects to it. */

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value when it is an object that is no array, else nothing. */
export function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** The value when it is an array, else an empty one. */
export function asArray(value: unknown): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** The objects of an array; none if the value is no array. */
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

/** The value when it is a finite number, else nothing: no figure is made from text. */
export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The strings of an array; nothing when there are none. */
export function asStrings(value: unknown): string[] | undefined {
  const strings = asArray(value).filter((item) => typeof item === 'string');
  return strings.length > 0 ? strings : undefined;
}

/** Parses JSON text, nested no deeper than {@link toJson} copies; undefined when it is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    // JSON.parse takes any depth. What works on the value by recursion, JSON.stringify too, would overflow the stack.
    // A text shorter than that has not brackets enough.
    return text.length > 2 * MAX_DEPTH && isDeeper(value, MAX_DEPTH) ? toJson(value) : value;
  } catch {
    return undefined; // Not JSON is an ordinary answer here: bodies may hold anything.
  }
}

function isDeeper(value: JsonValue | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    // Embeddings are long arrays of numbers: no call for each.
    for (const item of value) if (typeof item === 'object' && isDeeper(item, levels - 1)) return true;
    return false;
  }
  for (const key in value) if (isDeeper(value[key], levels - 1)) return true;
  return false;
}

export interface ToJsonOptions {
  /** Strings longer than this many characters are cut and end with a note. Default: not cut. */
  readonly maxStringLength?: number | undefined;
  /** Bytes, and long base64 texts, of more than this many bytes are replaced by a note. Default: kept. */
  readonly maxMediaBytes?: number | undefined;
}

/** Deeper levels than any Bedrock API accepts; bounds the work for hostile objects. */
const MAX_DEPTH = 200;

/** Some times the largest batch of embeddings. Objects that share parts can stand for endless JSON. */
const MAX_VALUES = 500_000;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Bytes as text when they are valid UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined; // Binary data: the caller records it as base64.
  }
}

/** The bytes of a `Uint8Array`, `Buffer`, `DataView` or `ArrayBuffer`, without a copy; undefined for anything else. */
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
 * A plain copy of an application's value, for recording: bytes as base64, dates in ISO form, big integers as text,
 * no functions, cycles broken, no deeper than 200 levels, no more than 500,000 values. `toJSON` methods are never called, so recording has no side
 * effects on the application's objects beyond reading their enumerable properties. Getters run, as they do for the SDK;
 * what they throw costs the record and not the call.
 */
export function toJson(value: unknown, options: ToJsonOptions = {}): JsonValue | undefined {
  const { maxStringLength = Number.POSITIVE_INFINITY, maxMediaBytes = Number.POSITIVE_INFINITY } = options;
  return copy(value, { maxStringLength, maxMediaBytes, values: 0 }, []);
}

/** @param ancestors few, so that looking through them costs less than a set. */
function copy(value: unknown, limits: Limits, ancestors: object[]): JsonValue | undefined {
  if (++limits.values > MAX_VALUES) return '[too many values]';
  switch (typeof value) {
    case 'string':
      return limitText(value, limits);
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'bigint':
      return value.toString();
    case 'object':
      return value === null ? null : copyObject(value, limits, ancestors);
    default:
      return undefined;
  }
}

function copyObject(value: object, limits: Limits, ancestors: object[]): JsonValue {
  const bytes = asBytes(value);
  if (bytes) {
    if (bytes.byteLength > limits.maxMediaBytes) return mediaNote(bytes.byteLength);
    return limitText(toBase64(bytes), limits);
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ancestors.includes(value)) return '[circular]';
  if (ancestors.length >= MAX_DEPTH) return '[nested too deeply]';
  ancestors.push(value);
  let result: JsonValue;
  if (Array.isArray(value)) {
    const items: JsonValue[] = [];
    for (const item of value) {
      if (limits.values > MAX_VALUES) break;
      items.push(copy(item, limits, ancestors) ?? null);
    }
    result = items;
  } else {
    const object: JsonObject = {};
    for (const key of Object.keys(value)) {
      if (limits.values > MAX_VALUES) break;
      const member = copy((value as Record<string, unknown>)[key], limits, ancestors);
      if (member === undefined) continue;
      setMember(object, key, member);
    }
    result = object;
  }
  ancestors.pop();
  return result;
}

/** Sets a member, also one that is called `__proto__`, which by assignment would be no data. */
export function setMember(object: JsonObject, key: string, value: JsonValue | undefined): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Sets all members of another object, or all but the one that is called `except`. */
export function setMembers(object: JsonObject, members: JsonObject, except?: string): void {
  for (const key of Object.keys(members)) if (key !== except) setMember(object, key, members[key]);
}

interface Limits {
  readonly maxStringLength: number;
  readonly maxMediaBytes: number;
  /** Copied so far. */
  values: number;
}

function limitText(text: string, { maxStringLength, maxMediaBytes }: Limits): string {
  const bytes = Math.floor((text.length * 3) / 4);
  if (bytes > Math.max(maxMediaBytes, SHORT_TEXT) && BASE64.test(text.slice(0, SHORT_TEXT))) return mediaNote(bytes);
  if (text.length <= maxStringLength) return text;
  return `${text.slice(0, maxStringLength)}… [${text.length - maxStringLength} more characters not recorded]`;
}

/** A word looks like base64 too; media is longer. */
const SHORT_TEXT = 1024;

/** Base64 of either alphabet, bare or in a data URL, in one line or wrapped. Prose has spaces. */
const BASE64 = /^(?:data:[^,]{1,128};base64,)?[A-Za-z0-9+/_\r\n-]+={0,2}$/;

/** Starts with a bracket, as no base64 does. */
const MEDIA_NOTE = /^\[\d+ bytes not recorded\]$/;

function mediaNote(bytes: number): string {
  return `[${bytes} bytes not recorded]`;
}

export function isMediaNote(text: string): boolean {
  return MEDIA_NOTE.test(text);
}
