/** The character codes of a JSON string. */
export const QUOTE = 0x22;
const BACKSLASH = 0x5c;

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
