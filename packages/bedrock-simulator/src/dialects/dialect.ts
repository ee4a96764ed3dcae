import type { Conversation, Reply } from '../conversation.js';
import type { JsonObject } from '../json.js';

/** A family's way of writing a chat in the body of InvokeModel. All functions are pure. */
export interface ChatDialect {
  readonly kind: 'chat';
  read(body: JsonObject): Conversation;
  /** The body InvokeModel answers with. */
  write(reply: Reply, modelId: string): JsonObject;
  /** The chunks InvokeModelWithResponseStream answers with, invocation metrics included. */
  chunks(reply: Reply, modelId: string): readonly JsonObject[];
  /** Whether the service sends the cache headers for this family. */
  readonly cacheHeaders?: boolean;
}

/** A family that turns text into vectors; there is no stream. */
export interface EmbeddingDialect {
  readonly kind: 'embedding';
  embed(body: JsonObject): { readonly body: JsonObject; readonly inputTokens: number };
}

export type Dialect = ChatDialect | EmbeddingDialect;

/** The member the service merges into the last chunk of a stream. */
export function invocationMetrics({ usage, latency }: Reply, withCache: boolean): JsonObject {
  return {
    'amazon-bedrock-invocationMetrics': {
      inputTokenCount: usage.input,
      outputTokenCount: usage.output,
      invocationLatency: latency.total,
      firstByteLatency: latency.firstByte,
      ...(withCache ? { cacheReadInputTokenCount: usage.cacheRead, cacheWriteInputTokenCount: usage.cacheWrite } : {}),
    },
  };
}
