import { createHash } from 'node:crypto';
import { canonicalJson } from './json.js';

/** Returns 24 hexadecimal digits that depend only on the value, so equal requests get equal ids. */
export function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 24);
}
