/** Amazon Nova through InvokeModel: the messages of Converse, with other names for parameters and cached tokens. */

import { asMembers, asNumber, asObject, asObjects, asStrings, firstKey, isObject } from '../data/json.js';
import { converse } from './converse.js';
import type { Dialect } from './dialect.js';
import { createConverseFold } from './fold/converse-fold.js';
import { readConversation, readToolConfig } from './messages/content-blocks.js';
import { readReasoning } from './parameters/reasoning.js';
import { readToolChoice } from './parameters/tool-choice.js';
import { viewConverseRequest, viewConverseResponse } from './view/converse.js';

const CHUNK_MEMBERS = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop'];

export const nova: Dialect = {
  name: 'nova',
  operation: 'chat',
  chatView: { format: 'bedrock', request: viewConverseRequest, response: viewConverseResponse },
  matchesRequest: (body) =>
    body['schemaVersion'] === 'messages-v1' ||
    (isObject(body['inferenceConfig']) && asObjects(body['messages']).length > 0),
  matchesResponse: (body) =>
    isObject(asObject(body['output'])?.['message']) || CHUNK_MEMBERS.some((member) => isObject(body[member])),
  readParameters(body) {
    const inference = asMembers(body['inferenceConfig']);
    return {
      maxTokens: asNumber(inference['max_new_tokens']) ?? asNumber(inference['maxTokens']),
      temperature: asNumber(inference['temperature']),
      topP: asNumber(inference['top_p']) ?? asNumber(inference['topP']),
      topK: asNumber(inference['top_k']) ?? asNumber(inference['topK']),
      stopSequences: asStrings(inference['stopSequences']),
      ...readReasoning(body),
      toolChoice: readToolChoice(asObject(body['toolConfig'])?.['toolChoice']),
    };
  },
  readInput: readConversation,
  readTools: readToolConfig,
  readResponse(body) {
    const { usage, ...facts } = converse.readResponse(body);
    return { ...facts, usage: usage && { ...usage, inputIncludesCache: false } };
  },
  readOutput: converse.readOutput,
  createFold: ({ content }) => createConverseFold({ content, isTextSplit: true }),
  chunkName: firstKey,
};
