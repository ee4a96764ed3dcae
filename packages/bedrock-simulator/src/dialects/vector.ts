import { createHash } from 'node:crypto';

/** A vector of length 1 that depends on the text alone. It has no meaning. */
export function vector(text: string, dimensions: number): number[] {
  const raw: number[] = [];
  for (let block = 0; raw.length < dimensions; block++) {
    for (const byte of createHash('sha256').update(`${block} ${text}`).digest()) raw.push(byte - 127.5);
  }
  const values = raw.slice(0, dimensions);
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}
