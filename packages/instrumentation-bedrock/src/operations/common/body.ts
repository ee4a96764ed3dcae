/** Bodies of requests and answers: bytes or text, usually JSON in the format of a model or an agent. */

import { counted } from '../../data/counted.js';
import {
  asBytes,
  asMembers,
  decodeText,
  type JsonObject,
  type JsonValue,
  parseJson,
  setMembers,
  type ToJsonOptions,
  toJson,
} from '../../data/json.js';

/** The longest body that the service accepts or returns (API reference of InvokeModel). Longer bodies are not read. */
const MAX_BODY_BYTES = 25_000_000;

export interface Body {
  /** JSON, or else text, or else base64, or else a note about a body that can be read only once. */
  readonly value: JsonValue | undefined;
  /** The JSON text as it was sent; undefined if `value` is not JSON or lacks a part of it. */
  readonly text?: string;
}

export function readBody(body: unknown, limits: ToJsonOptions): Body {
  if (body === undefined || body === null) return { value: undefined };
  const bytes = asBytes(body);
  const size = typeof body === 'string' ? body.length : bytes?.byteLength;
  if (size !== undefined && size > MAX_BODY_BYTES) {
    return { value: `[body longer than ${MAX_BODY_BYTES} bytes, not read]` };
  }
  const text = typeof body === 'string' ? body : bytes && decodeText(bytes);
  if (text !== undefined) return readText(text, limits);
  if (bytes) return { value: toJson(bytes, limits) };
  if (typeof Blob === 'function' && body instanceof Blob)
    return { value: `[Blob of ${counted(body.size, 'byte')}, not read]` };
  return { value: '[stream, not read]' };
}

function readText(text: string, limits: ToJsonOptions): Body {
  const parsed = parseJson(text);
  if (mayExceed(text.length, limits)) return { value: toJson(parsed ?? text, limits) };
  return parsed === undefined ? { value: text } : { value: parsed, text };
}

/** True if a JSON text of this length can contain media beyond the limit. */
export function mayExceed(textLength: number, { maxMediaBytes = Number.POSITIVE_INFINITY }: ToJsonOptions): boolean {
  return textLength > maxMediaBytes;
}

/**
 * Copies an input or output of the SDK, with the body that was read in place of its own.
 *
 * @param member the name of the member that is the body.
 */
export function withBody(
  raw: JsonObject,
  body: JsonValue | undefined,
  limits: ToJsonOptions,
  member = 'body',
): JsonObject {
  const rest: JsonObject = {};
  setMembers(rest, raw, member);
  const content = asMembers(toJson(rest, limits));
  if (body !== undefined) content[member] = body;
  return content;
}
