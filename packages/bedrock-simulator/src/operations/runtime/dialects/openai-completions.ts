import type { JsonObject } from '../../../json.js';
import type { Reply } from '../../../model/conversation.js';
import { type ChatDialect, pieceChunks } from './dialect.js';
import { usageOf } from './openai-usage.js';
import { readPrompt } from './prompt.js';

const REASONS = { end: 'stop', tool: 'stop', length: 'length' } as const;

/** OpenAI text completions, for imported models and Marketplace endpoints. No recording shows a stream. */
export const openaiCompletions: ChatDialect = {
  kind: 'chat',
  read: (body) => readPrompt(body, 'max_tokens'),
  write: (reply, modelId) => ({
    ...completion(reply, modelId, { text: reply.text, finish_reason: REASONS[reply.finish] }),
    usage: usageOf(reply, reply.usage.output),
  }),
  chunks: (reply, modelId) =>
    pieceChunks(reply, REASONS[reply.finish], (text, finish_reason) => ({
      ...completion(reply, modelId, { text, finish_reason }),
      usage: finish_reason === null ? null : usageOf(reply, reply.usage.output),
    })),
};

/** DeepSeek R1: the same with another name for the finish reason, without token counts; written from documentation. */
export const deepSeek: ChatDialect = {
  kind: 'chat',
  read: (body) => readPrompt(body, 'max_tokens'),
  write: (reply) => ({ choices: [{ text: reply.text, stop_reason: REASONS[reply.finish] }] }),
  chunks: (reply) =>
    pieceChunks(reply, REASONS[reply.finish], (text, stop_reason) => ({ choices: [{ index: 0, text, stop_reason }] })),
};

function completion({ id }: Reply, model: string, choice: JsonObject): JsonObject {
  return { object: 'text_completion', id: `cmpl-${id}`, model, choices: [{ index: 0, ...choice, logprobs: null }] };
}
