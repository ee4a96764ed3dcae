import type { JsonObject } from '../../../json.js';
import type { Conversation, Reply } from '../../../model/conversation.js';

/** The format of a family's chats in the body of InvokeModel. All functions are pure. */
export interface ChatDialect {
  readonly kind: 'chat';
  read(body: JsonObject): Conversation;
  /** Returns InvokeModel's answer. */
  write(reply: Reply, modelId: string, request: JsonObject): JsonObject;
  /** Returns InvokeModelWithResponseStream's chunks, including the metrics. Absent if the family has no stream. */
  chunks?(reply: Reply, modelId: string, request: JsonObject): readonly JsonObject[];
  /** Whether the service sends the cache headers for this family. */
  readonly cacheHeaders?: boolean;
}

/** A family whose answers are not text (vectors, ranks, images). It has no stream. */
export interface PlainDialect {
  readonly kind: 'plain';
  answer(body: JsonObject, modelId: string): PlainAnswer;
}

interface PlainAnswer {
  readonly body: JsonObject;
  /** Value of the token header; undefined if the service sends none. */
  readonly inputTokens?: number;
}

export type Dialect = ChatDialect | PlainDialect;

/** Returns the member that the service adds to the last chunk of a stream. */
export function invocationMetrics({ usage, latency }: Reply, withCache = false): JsonObject {
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

/** Returns a chunk for each piece of the text, and a last one with the reason and the metrics. */
export function pieceChunks(
  reply: Reply,
  reason: string,
  write: (text: string, reason: string | null) => JsonObject,
): JsonObject[] {
  return [...reply.pieces.map((piece) => write(piece, null)), { ...write('', reason), ...invocationMetrics(reply) }];
}
