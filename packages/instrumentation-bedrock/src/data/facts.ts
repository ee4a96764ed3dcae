/** What requests and answers state besides their content. */

import type { UsageReport } from './usage.js';

/**
 * `gen_ai.operation.name` of a call. Where the conventions have no word (reranking, guardrails, token counting), it is
 * the API's own in their style: `rerank`, `apply_guardrail`, `count_tokens`.
 */
export type OperationName = 'chat' | 'text_completion' | 'embeddings' | 'generate_content' | 'rerank' | (string & {});

/** Parameters of a request under the names of the semantic conventions. */
export interface RequestParameters {
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly stopSequences?: readonly string[] | undefined;
  readonly seed?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly choiceCount?: number | undefined;
  readonly embeddingDimensions?: number | undefined;
  readonly encodingFormats?: readonly string[] | undefined;
  /** The kind of content asked for, where it is not text. */
  readonly outputType?: 'json' | 'image' | 'speech' | undefined;
}

/** What an answer says besides its content. */
export interface ResponseFacts {
  readonly id?: string | undefined;
  /** The model that answered, in the provider's own words. */
  readonly model?: string | undefined;
  /** As sent, one for each choice that gives one. */
  readonly finishReasons?: readonly string[] | undefined;
  readonly usage?: UsageReport | undefined;
  /** Length of the vectors that came. */
  readonly embeddingDimensions?: number | undefined;
}
