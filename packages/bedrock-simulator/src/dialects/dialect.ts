import type { Conversation, Reply } from '../conversation.js';
import type { JsonObject } from '../json.js';

/** A family's way of writing a chat in the body of InvokeModel. All functions are pure. */
export interface ChatDialect {
  readonly kind: 'chat';
  read(body: JsonObject): Conversation;
  /** The body InvokeModel answers with. */
  write(reply: Reply, modelId: string, request: JsonObject): JsonObject;
  /** The chunks InvokeModelWithResponseStream answers with, invocation metrics included. Absent: there is no stream. */
  chunks?(reply: Reply, modelId: string, request: JsonObject): readonly JsonObject[];
  /** Whether the service sends the cache headers for this family. */
  readonly cacheHeaders?: boolean;
}

/** A family that answers with something other than text (vectors, ranks, images); there is no stream. */
export interface PlainDialect {
  readonly kind: 'plain';
  answer(body: JsonObject, modelId: string): PlainAnswer;
}

export interface PlainAnswer {
  readonly body: JsonObject;
  /** For the header, where the service sends it. */
  readonly inputTokens?: number;
}

export type Dialect = ChatDialect | PlainDialect;

/** The member the service merges into the last chunk of a stream. */
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

/** A chunk for each piece of the text, and one without text that has the reason and the metrics. */
export function pieceChunks(
  reply: Reply,
  reason: string,
  write: (text: string, reason: string | null) => JsonObject,
): JsonObject[] {
  return [...reply.pieces.map((piece) => write(piece, null)), { ...write('', reason), ...invocationMetrics(reply) }];
}
