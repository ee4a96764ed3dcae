/** Keeps the members of chunks that a fold does not read. */

import { LastMembers } from './pieces/last-members.js';
import { type FoldOptions, isOfService, type StreamFold } from './stream-fold.js';

/**
 * Adds the members that the fold does not read to its body. Of each member, the last value counts. Returns the fold itself
 * if no content is kept.
 *
 * @param known the members that the fold reads, and those of its body.
 */
export function keepUnknown(fold: StreamFold, known: ReadonlySet<string>, { content }: FoldOptions): StreamFold {
  if (!content) return fold;
  const others = new LastMembers();
  return {
    add(chunk) {
      fold.add(chunk);
      for (const name in chunk) {
        if (!known.has(name) && !isOfService(name)) others.addKnown(name, chunk[name]);
      }
    },
    body() {
      const body = fold.body();
      return body && { ...others.finish(), ...body };
    },
    isComplete: () => fold.isComplete(),
  };
}
