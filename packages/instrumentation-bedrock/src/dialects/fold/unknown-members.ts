/** Keeps the members of chunks that a fold does not read. */

import { type JsonObject, setMember } from '../../data/json.js';
import { type FoldOptions, isOfService, type StreamFold } from './stream-fold.js';

/**
 * Adds the members that the fold does not read to its body. Of each member, the last value counts. Returns the fold itself
 * if no content is kept.
 *
 * @param known the members that the fold reads, and those of its body.
 */
export function keepUnknown(fold: StreamFold, known: ReadonlySet<string>, { content }: FoldOptions): StreamFold {
  if (!content) return fold;
  const others: JsonObject = {};
  return {
    add(chunk) {
      fold.add(chunk);
      for (const name in chunk) {
        const value = chunk[name];
        if (known.has(name) || value === null || value === undefined || isOfService(name)) continue;
        setMember(others, name, value);
      }
    },
    body() {
      const body = fold.body();
      return body && { ...others, ...body };
    },
    isComplete: () => fold.isComplete(),
  };
}
