/** The fold for bodies that arrive as pieces of text. */

import { asString, type JsonObject } from '../../data/json.js';
import { StreamedText } from './pieces/streamed-text.js';
import type { FoldOptions, StreamFold } from './stream-fold.js';

/**
 * Joins the member `text` of each chunk.
 *
 * @param read returns the body for the text so far.
 */
export function createTextFold({ content }: FoldOptions, read: (text: string) => JsonObject): StreamFold {
  const joined = new StreamedText();
  let isEmpty = true;
  return {
    add({ text }) {
      const piece = content ? asString(text) : undefined;
      if (piece === undefined) return;
      isEmpty = false;
      joined.add(piece);
    },
    body: () => (isEmpty ? undefined : read(joined.toString())),
    isComplete: () => undefined,
  };
}
