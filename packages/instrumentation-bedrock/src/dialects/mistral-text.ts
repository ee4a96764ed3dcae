/** Mistral's instruct models that take a prompt: 7B, Mixtral, Small and Large of February 2024. */

import { asArray, asNumber, asObjects, asStrings, isObject, type JsonObject } from '../data/json.js';
import type { Dialect } from './dialect.js';
import { StreamedTexts } from './fold/pieces/streamed-texts.js';
import { completionMessage, promptInput } from './messages/text-completion.js';

export const mistralText: Dialect = {
  name: 'mistral-text',
  operation: 'text_completion',
  // Several families have just `prompt` and `max_tokens`, so only the answer can tell.
  matchesRequest: () => false,
  matchesResponse: (body) => asArray(body['outputs']).some((output) => isObject(output) && 'text' in output),
  readParameters: (body) => ({
    maxTokens: asNumber(body['max_tokens']),
    temperature: asNumber(body['temperature']),
    topP: asNumber(body['top_p']),
    topK: asNumber(body['top_k']),
    stopSequences: asStrings(body['stop']),
  }),
  readInput: (body) => promptInput(body['prompt']),
  readTools: () => [],
  readResponse: (body) => ({ finishReasons: asStrings(outputs(body).map((output) => output['stop_reason'])) }),
  readOutput: (body) => outputs(body).map((output) => completionMessage(output['text'], output['stop_reason'])),
  createFold(options) {
    const texts = new StreamedTexts(options);
    return {
      add(chunk) {
        for (const [index, output] of outputs(chunk).entries()) {
          texts.add(output['text'], output['stop_reason'], index);
          for (const name in output) if (!OF_OUTPUT.has(name)) texts.addOther(name, output[name], index);
        }
      },
      body() {
        const finished = texts.finish().map(({ text, reason, others }) => {
          return { text, ...others, stop_reason: reason ?? null };
        });
        return finished.length > 0 ? { outputs: finished } : undefined;
      },
      isComplete: () => texts.isComplete(),
    };
  },
};

const OF_OUTPUT = new Set(['text', 'stop_reason']);

function outputs(body: JsonObject): JsonObject[] {
  return asObjects(body['outputs']);
}
