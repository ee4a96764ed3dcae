import type { JsonObject } from '../../../json.js';
import { stringOf } from '../../../json.js';
import { tokenize } from '../../../model/tokens.js';
import type { ChatDialect } from './dialect.js';
import { readPrompt } from './prompt.js';

const REASONS = { end: 'endoftext', tool: 'endoftext', length: 'length' } as const;

/** AI21 Jurassic-2: one prompt, no tools, no stream. Its answers list tokens but have no counts. */
export const ai21J2: ChatDialect = {
  kind: 'chat',
  read: (body) => readPrompt(body, 'maxTokens'),
  write: ({ text, finish }, _modelId, request) => ({
    id: 1234,
    prompt: withTokens(stringOf(request['prompt'])),
    completions: [{ data: withTokens(text), finishReason: { reason: REASONS[finish] } }],
  }),
};

function withTokens(text: string): JsonObject {
  let end = 0;
  return {
    text,
    tokens: tokenize(text).map((token) => {
      const start = end;
      end += token.length;
      return {
        generatedToken: { token, logprob: 0, raw_logprob: 0 },
        topTokens: null,
        textRange: { start, end },
      };
    }),
  };
}
