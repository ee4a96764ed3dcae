/** The fold for dialects that define no stream format. */

import type { JsonObject } from '../../data/json.js';
import type { FoldOptions, StreamFold } from './stream-fold.js';

/** Lists the chunks unchanged. Only the service's closing metrics show whether such a stream is complete. */
export function createChunkListFold({ content }: FoldOptions): StreamFold {
  const chunks: JsonObject[] = [];
  return {
    add(chunk) {
      if (content) chunks.push(chunk);
    },
    body: () => (chunks.length > 0 ? { chunks } : undefined),
    isComplete: () => undefined,
  };
}
