/** OpenAI's text completions format: DeepSeek R1, imported models, Marketplace endpoints. */

import { asArray, asObjects, isObject, type JsonObject } from '../data/json.js';
import type { Dialect } from './dialect.js';
import { OpenAiHead } from './fold/openai-head.js';
import { StreamedTexts } from './fold/pieces/streamed-texts.js';
import type { FoldOptions, StreamFold } from './fold/stream-fold.js';
import { answerMessage } from './messages/text-completion.js';
import { readTextsOrTokens } from './messages/texts-or-tokens.js';
import { choiceReason, readOpenAiParameters, readOpenAiResponse } from './openai.js';

export const openAiCompletions: Dialect = {
  name: 'openai-completions',
  operation: 'text_completion',
  // Other dialects with a prompt are recognised by a further member, so this one comes after them.
  matchesRequest: (body) => typeof body['prompt'] === 'string',
  matchesResponse: (body) => asArray(body['choices']).some((choice) => isObject(choice) && 'text' in choice),
  readParameters: readOpenAiParameters,
  readInput({ prompt }) {
    const parts = readTextsOrTokens(prompt);
    return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
  },
  readTools: () => [],
  readResponse: readOpenAiResponse,
  readOutput: (body) => choices(body).map((choice) => answerMessage(choice['text'], choiceReason(choice))),
  createFold,
};

function choices(body: JsonObject): JsonObject[] {
  return asObjects(body['choices']);
}

const OF_CHOICE = new Set(['index', 'text', 'finish_reason', 'stop_reason']);

function createFold(options: FoldOptions): StreamFold {
  const head = new OpenAiHead(options);
  const texts = new StreamedTexts(options);
  return {
    add(chunk) {
      for (const choice of choices(chunk)) {
        texts.add(choice['text'], choiceReason(choice), choice['index']);
        for (const name in choice) if (!OF_CHOICE.has(name)) texts.addOther(name, choice[name], choice['index']);
      }
      head.add(chunk, texts.isComplete());
    },
    body() {
      const finished = texts.finish().map(({ text, reason, others }) => {
        return { text, ...others, finish_reason: reason ?? null };
      });
      return finished.length > 0 ? head.body(finished) : undefined;
    },
    isComplete: () => texts.isComplete(),
  };
}
