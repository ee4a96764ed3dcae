import { type JsonObject, objectOf, stringOf } from '../../json.js';
import type { Reply } from '../../model/conversation.js';
import type { ScriptedModel } from '../../model/scripted-model.js';
import type { Operation } from '../operation.js';
import { readPrompt } from '../runtime/dialects/prompt.js';
import { chatUsage } from './usage.js';
import { answered, CREATED, STREAM_HEADERS, streamed } from './wire.js';

const REASONS = { end: 'stop', tool: 'stop', length: 'length' } as const;

/** Text completions. */
export function completions(model: ScriptedModel): Operation {
  return {
    name: 'completions',
    method: 'POST',
    path: '/completions',
    streamHeaders: STREAM_HEADERS,
    modelOf: (body) => stringOf(body['model']),
    answer({ body, pieces }) {
      const modelId = stringOf(body['model']);
      const reply = model.reply(modelId, readPrompt(body, 'max_tokens'), pieces);
      const chunk = (text: string, finish_reason: string | null): JsonObject => ({
        ...head(reply, modelId),
        choices: [{ index: 0, text, logprobs: null, finish_reason }],
      });
      const reason = REASONS[reply.finish];
      const usage = chatUsage(reply, undefined);
      if (body['stream'] !== true) return answered({ ...chunk(reply.text, reason), usage });
      const isUsageAsked = objectOf(body['stream_options'])['include_usage'] === true;
      return streamed([
        ...reply.pieces.map((piece) => chunk(piece, null)),
        chunk('', reason),
        ...(isUsageAsked ? [{ ...head(reply, modelId), choices: [], usage }] : []),
      ]);
    },
  };
}

function head({ id }: Reply, model: string): JsonObject {
  return { id: `cmpl-${id}`, object: 'text_completion', created: CREATED, model };
}
