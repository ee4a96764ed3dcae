/** OpenAI's API, which Bedrock serves below `/v1` and `/openai/v1`. */

import { asMembers, asObject, type JsonObject } from '../../data/json.js';
import * as semconv from '../../data/semconv.js';
import { asId, asWord } from '../../data/words.js';
import { openAiEmbeddings } from '../../dialects/openai/embeddings.js';
import { openAiResponses } from '../../dialects/openai/responses.js';
import { openAiChat } from '../../dialects/openai-chat.js';
import { openAiCompletions } from '../../dialects/openai-completions.js';
import type { Operation } from '../common/operation.js';
import { openAiOperation } from './operation.js';

const chatCompletions = openAiOperation({
  name: 'chat.completions',
  spanType: 'CHAT_MODEL',
  apiType: 'chat_completions',
  dialect: openAiChat,
  streams: true,
});

const completions = openAiOperation({
  name: 'completions',
  spanType: 'LLM',
  apiType: 'completions',
  dialect: openAiCompletions,
  streams: true,
});

const responses = openAiOperation({
  name: 'responses',
  spanType: 'CHAT_MODEL',
  apiType: 'responses',
  dialect: openAiResponses,
  streams: true,
  requestFacts: ({ conversation, previous_response_id: previous }) => ({
    [semconv.ATTR_GEN_AI_CONVERSATION_ID]: asId(conversation) ?? asId(asObject(conversation)?.['id']),
    // No conversation: each answer has an id of its own.
    [semconv.ATTR_AWS_BEDROCK_REQUEST_PREVIOUS_RESPONSE_ID]: asId(previous),
  }),
  requested({ prompt }: JsonObject) {
    const { id, version } = asMembers(prompt);
    return { promptName: asId(id), promptVersion: asWord(version) };
  },
});

const embeddings = openAiOperation({
  name: 'embeddings',
  spanType: 'LLM',
  apiType: 'embeddings',
  dialect: openAiEmbeddings,
  streams: false,
});

export const openAi: readonly Operation[] = [chatCompletions, completions, responses, embeddings];
