/** For dialects without a stream of their own, and for chunks that no dialect knows. */

import type { JsonObject } from '../data/json.js';
import type { Dialect } from './dialect.js';

/** Keeps the chunks as they came; only the service's closing metrics can tell whether such a stream is complete. */
export const noStream: Pick<Dialect, 'createFold' | 'withoutContent'> = {
  createFold() {
    const chunks: JsonObject[] = [];
    return {
      add: (chunk) => {
        chunks.push(chunk);
      },
      body: () => (chunks.length > 0 ? { chunks } : undefined),
      isComplete: () => undefined,
    };
  },
  withoutContent: () => undefined,
};
