import type { JsonObject } from '../../../json.js';
import type { Reply } from '../../../model/conversation.js';
import { type ChatDialect, pieceChunks } from './dialect.js';
import { readPrompt } from './prompt.js';

const REASONS = { end: 'stop_sequence', tool: 'stop_sequence', length: 'max_tokens' } as const;

/** Anthropic text completions, the format of Claude 2 and Claude Instant: one prompt, no tools, no token counts. */
export const anthropicText: ChatDialect = {
  kind: 'chat',
  read: (body) => readPrompt(body, 'max_tokens_to_sample'),
  write: (reply) => completion(reply, reply.text, REASONS[reply.finish]),
  chunks: (reply) => pieceChunks(reply, REASONS[reply.finish], (text, reason) => completion(reply, text, reason)),
};

/** Writes the stop sequence as if the model had stopped before the human's next turn. */
function completion({ finish }: Reply, text: string, reason: string | null): JsonObject {
  const stop = reason !== null && finish !== 'length' ? '\n\nHuman:' : null;
  return { type: 'completion', completion: text, stop_reason: reason, stop };
}
