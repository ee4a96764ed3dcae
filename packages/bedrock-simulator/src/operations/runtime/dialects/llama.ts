import type { JsonObject } from '../../../json.js';
import { countTokens } from '../../../model/tokens.js';
import { type ChatDialect, invocationMetrics } from './dialect.js';
import { readPrompt } from './prompt.js';

const REASONS = { end: 'stop', tool: 'stop', length: 'length' } as const;

/** Meta Llama: one prompt with a template, no tools. */
export const llama: ChatDialect = {
  kind: 'chat',
  read: (body) => readPrompt(body, 'max_gen_len'),
  write({ text, usage, finish }) {
    return {
      generation: text,
      prompt_token_count: usage.input,
      generation_token_count: usage.output,
      stop_reason: REASONS[finish],
    };
  },
  /** Only the first chunk has the prompt's token count. The output count grows with each chunk. */
  chunks(reply) {
    const { pieces, usage, finish } = reply;
    let generated = 0;
    const chunks = pieces.map((generation, index): JsonObject => {
      generated = Math.min(usage.output, generated + countTokens(generation));
      return {
        generation,
        prompt_token_count: index === 0 ? usage.input : null,
        generation_token_count: generated,
        stop_reason: null,
      };
    });
    return [
      ...chunks,
      {
        generation: '',
        prompt_token_count: chunks.length === 0 ? usage.input : null,
        generation_token_count: usage.output,
        stop_reason: REASONS[finish],
        ...invocationMetrics(reply),
      },
    ];
  },
};
