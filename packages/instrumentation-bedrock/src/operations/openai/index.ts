/** OpenAI's API, which Bedrock serves below `/v1` and `/openai/v1`. */

import { openAiEmbeddings } from '../../dialects/openai/embeddings.js';
import { openAiResponses } from '../../dialects/openai/responses.js';
import { openAiChat } from '../../dialects/openai-chat.js';
import { openAiCompletions } from '../../dialects/openai-completions.js';
import type { Operation } from '../common/operation.js';
import { openAiOperation } from './operation.js';

export const openAi: readonly Operation[] = [
  openAiOperation({
    name: 'chat.completions',
    spanType: 'CHAT_MODEL',
    apiType: 'chat_completions',
    dialect: openAiChat,
    streams: true,
  }),
  openAiOperation({
    name: 'completions',
    spanType: 'LLM',
    apiType: 'completions',
    dialect: openAiCompletions,
    streams: true,
  }),
  openAiOperation({
    name: 'responses',
    spanType: 'CHAT_MODEL',
    apiType: 'responses',
    dialect: openAiResponses,
    streams: true,
  }),
  openAiOperation({
    name: 'embeddings',
    spanType: 'LLM',
    apiType: 'embeddings',
    dialect: openAiEmbeddings,
    streams: false,
  }),
];
