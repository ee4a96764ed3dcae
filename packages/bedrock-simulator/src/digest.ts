import { createHash } from 'node:crypto';
import { canonicalJson } from './json.js';

/** Returns 24 hexadecimal digits that depend only on the value, so equal requests get equal ids. */
export function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 24);
}

/** Returns an id of the form of a UUID that depends only on the value. */
export function uuidOf(value: unknown): string {
  const digits = digest(value) + digest([value]).slice(0, 8);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
