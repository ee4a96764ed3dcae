import { createHash } from 'node:crypto';
import { canonicalJson } from './json.js';

/** 24 hexadecimal digits that depend on the value alone: ids that are the same for the same request. */
export function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 24);
}
