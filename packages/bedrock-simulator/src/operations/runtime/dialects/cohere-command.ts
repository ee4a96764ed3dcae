import { stringOf } from '../../../json.js';
import { type ChatDialect, invocationMetrics } from './dialect.js';
import { readPrompt } from './prompt.js';

const REASONS = { end: 'COMPLETE', tool: 'COMPLETE', length: 'MAX_TOKENS' } as const;

/** Cohere Command and Command Light: one prompt, no tools, no token counts. Always returns one generation. */
export const cohereCommand: ChatDialect = {
  kind: 'chat',
  read: (body) => readPrompt(body, 'max_tokens'),
  write({ id, text, finish }, _modelId, request) {
    return {
      id,
      generations: [{ id: `${id}-0`, text, finish_reason: REASONS[finish] }],
      prompt: stringOf(request['prompt']),
    };
  },
  /** Returns the whole answer as one chunk unless the body has `stream: true`. */
  chunks(reply, modelId, request) {
    const metrics = invocationMetrics(reply);
    if (request['stream'] !== true) return [{ ...cohereCommand.write(reply, modelId, request), ...metrics }];
    return [
      ...reply.pieces.map((text) => ({ index: 0, is_finished: false, text })),
      { finish_reason: REASONS[reply.finish], is_finished: true, ...metrics },
    ];
  },
};
