import { type ChatDialect, pieceChunks } from './dialect.js';
import { readPrompt } from './prompt.js';

const REASONS = { end: 'stop', tool: 'stop', length: 'length' } as const;

/** Mistral's models with a prompt, from 7B to Large of February 2024: no tools, no token counts. */
export const mistralText: ChatDialect = {
  kind: 'chat',
  read: (body) => readPrompt(body, 'max_tokens'),
  write: ({ text, finish }) => outputs(text, REASONS[finish]),
  chunks: (reply) => pieceChunks(reply, REASONS[reply.finish], outputs),
};

function outputs(text: string, stop_reason: string | null) {
  return { outputs: [{ text, stop_reason }] };
}
