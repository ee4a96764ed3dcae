/** The character code of the quote around a JSON string. */
export const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The value that a JSON text stands for; undefined if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether the value is an object with members: not null and not a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text that a JSON string stands for, or the text itself if it is none: MLflow's attributes hold both forms. */
export function unquote(text: string): string {
  // Parsing other texts would throw, which costs as much as half a request.
  if (!/^\s*"/.test(text)) return text;
  const value = parseJson(text);
  return typeof value === 'string' ? value : text;
}

/** The text as a JSON string. Half of a surrogate pair would become an escape that the server cannot encode. */
export function quote(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

/** The position of the quote that ends a JSON string, or the end of the text. */
export function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}
