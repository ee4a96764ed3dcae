/** What requests and answers state besides their content. */

import type { ErrorType } from './error-type.js';
import type { UsageReport } from './usage.js';

/**
 * `gen_ai.operation.name` of a call. The conventions have no word for reranking, guardrails and token counting. Those
 * get the API's own name in the same style: `rerank`, `apply_guardrail`, `count_tokens`.
 */
export type OperationName = 'chat' | 'text_completion' | 'embeddings' | 'generate_content' | 'rerank' | (string & {});

const INFERENCE: ReadonlySet<string> = new Set(['chat', 'text_completion', 'generate_content']);

/** True for the operations that the conventions count as inference. */
export function isInference(operation: OperationName): boolean {
  return INFERENCE.has(operation);
}

/** Parameters of a request, named as in the semantic conventions. */
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
  /** The kind of content that the request asks for; undefined for text. */
  readonly outputType?: 'json' | 'image' | 'speech' | undefined;
  /** In the words of the provider, as sent. */
  readonly reasoningLevel?: string | undefined;
  /** In tokens. */
  readonly reasoningBudget?: number | undefined;
  /** How the model may use its tools, in the word of the provider. */
  readonly toolChoice?: string | undefined;
  /** The provider's own service tier, in its own request format. */
  readonly serviceTier?: string | undefined;
}

/** What an answer states besides its content. */
export interface ResponseFacts {
  readonly id?: string | undefined;
  /** The model that answered, as the provider names it. */
  readonly model?: string | undefined;
  /** As the provider sent them, one for each choice that has one. */
  readonly finishReasons?: readonly string[] | undefined;
  readonly usage?: UsageReport | undefined;
  /** Length of the vectors in the answer. */
  readonly embeddingDimensions?: number | undefined;
  /** The provider's own service tier, in its own answer format. */
  readonly serviceTier?: string | undefined;
}

/** The host that received a request. */
export interface ServerEndpoint {
  readonly address: string;
  readonly port: number;
}

/** What the HTTP exchange of a call shows, after all its attempts. */
export interface ExchangeFacts {
  /** How often the request was sent again. */
  readonly resendCount: number;
  readonly statusCode: number | undefined;
  readonly requestId: string | undefined;
}

/** An error that an answer with status 200 states. */
export interface StatedError {
  /** As the model states it; {@link Failure.type} is what may be recorded of it. */
  readonly type: string;
  /** As it was sent; content. */
  readonly message: string | undefined;
}

/** Why a call failed. */
export interface Failure {
  /** The value of `error.type`. */
  readonly type: ErrorType;
  /** A message of this package, without content; for failures that are no error of the SDK. */
  readonly description?: string;
  /** The message and stack trace of the error, if content may be recorded. */
  readonly message?: string | undefined;
  readonly stack?: string | undefined;
}
