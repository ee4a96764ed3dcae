/** A fold collects the chunks of one stream into one answer. */

import type { JsonObject } from '../../data/json.js';

export interface FoldOptions {
  /**
   * False if no content is recorded. Then the fold keeps only ids, figures, finish reasons and whether the answer is
   * complete. Its memory does not grow with the length of the answer, only with the number of its choices.
   */
  readonly content: boolean;
}

/** Makes the body that the same answer has without streaming. */
export interface StreamFold {
  add(chunk: JsonObject): void;
  /**
   * Returns what has arrived so far; undefined if nothing has. Leaves out an output count until its final value has
   * arrived.
   */
  body(): JsonObject | undefined;
  /** Whether the chunk that closes an answer has arrived; undefined if the dialect has no such chunk. */
  isComplete(): boolean | undefined;
}

/** True for members that the service adds to a model's own chunks, such as its metrics. They are no part of the answer. */
export function isOfService(member: string): boolean {
  return member.startsWith('amazon-bedrock-');
}
