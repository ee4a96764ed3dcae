/** Streams of HTTP/2 that did not end by themselves. */

import { asMembers } from './json.js';

/** True if a stream of HTTP/2 was reset, or has lost its connection. It can then end as if its answer was complete. */
export function isReset(stream: unknown): boolean {
  const { rstCode } = asMembers(stream);
  return typeof rstCode === 'number' && rstCode !== 0;
}
