import { endOfString, parseJson, QUOTE, quote } from '../../../common/json.js';

/**
 * Protobuf readers stop at 100 levels. Measured on 3.17.2 and 3.18.0: Python reads values up to 95 levels. In the value
 * of an event it is one less, and translators of the server put up to six levels around a value (gemini_cli.py in
 * mlflow/tracing/otel/translation).
 */
const MAX_LEVELS = 88;
/** An object is a list of pairs with a value each. */
const OBJECT_LEVELS = 3;
/** A list has only the list and the value. */
const LIST_LEVELS = 2;

/** Whether structure that is not text is nested too deep for MLflow. */
export function isTooDeep(value: unknown, outer = 0): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  const levels = outer + (Array.isArray(value) ? LIST_LEVELS : OBJECT_LEVELS);
  return levels > MAX_LEVELS || Object.values(value).some((member) => isTooDeep(member, levels));
}

/**
 * A JSON text with JSON text in place of the parts that are nested too deep for MLflow. Other texts stay unchanged.
 * Undefined if the text is too deep and not JSON. Python's parser fails at 1000 levels before it finds that out, and
 * accepts words such as NaN.
 */
export function quoteDeepParts(text: string): string | undefined {
  if (!/^\s*[[{]/.test(text) || !mayBeDeep(text)) return text;
  const parts = deepParts(text);
  if (parts.length === 0) return text;
  if (parseJson(text) === undefined) return undefined;
  let quoted = '';
  let end = 0;
  for (const part of parts) {
    quoted += text.slice(end, part.start) + quote(text.slice(part.start, part.end));
    end = part.end;
  }
  return quoted + text.slice(end);
}

/** Whether the text has enough brackets to exceed the limit if each was inside the one before. */
function mayBeDeep(text: string): boolean {
  if (text.length <= MAX_LEVELS) return false;
  return levelsAtMost(text, '{', OBJECT_LEVELS) + levelsAtMost(text, '[', LIST_LEVELS) > MAX_LEVELS;
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
