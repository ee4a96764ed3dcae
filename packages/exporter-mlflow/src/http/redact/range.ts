/** A part of a text, without its end. */
export type Range = readonly [from: number, to: number];

/** The text with one replacement for all ranges that touch. */
export function replaceRanges(text: string, ranges: readonly Range[], replacement: string): string {
  let replaced = '';
  let end = 0;
  let last = -1;
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    if (from > last) replaced += text.slice(end, from) + replacement;
    last = Math.max(last, to);
    end = last;
  }
  return replaced + text.slice(end);
}
