/** How the chunks of a stream become one answer. */

import type { JsonObject } from '../../data/json.js';

export interface FoldOptions {
  /**
   * False if no content is recorded. Then the fold keeps only ids, figures, finish reasons and whether the answer is
   * complete, and its memory does not grow with the stream.
   */
  readonly content: boolean;
}

/** Collects the chunks of one stream into the body that the same answer has without streaming. */
export interface StreamFold {
  add(chunk: JsonObject): void;
  /**
   * What has arrived so far; undefined if nothing has. An output count that still grows with the stream is left out
   * until its final value has arrived.
   */
  body(): JsonObject | undefined;
  /** Whether the chunk that closes an answer has arrived; undefined if the dialect has no such chunk. */
  isComplete(): boolean | undefined;
}
