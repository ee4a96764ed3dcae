import { createHash } from 'node:crypto';
import { wordsOf } from '../../../model/tokens.js';

/** Returns a vector of length 1 that depends only on the text. Texts with common words are near each other. */
export function vector(text: string, dimensions: number): number[] {
  const words = wordsOf(text);
  const sum = new Array<number>(dimensions).fill(0);
  for (const word of words.size > 0 ? words : [text]) {
    for (const [index, value] of noise(word, dimensions).entries()) sum[index] = (sum[index] ?? 0) + value;
  }
  const length = Math.hypot(...sum);
  return sum.map((value) => value / length);
}

function noise(seed: string, dimensions: number): number[] {
  const values: number[] = [];
  for (let block = 0; values.length < dimensions; block++) {
    for (const byte of createHash('sha256').update(`${block} ${seed}`).digest()) values.push(byte - 127.5);
  }
  return values.slice(0, dimensions);
}
