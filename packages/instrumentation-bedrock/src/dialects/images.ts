/** Image models: Amazon Titan Image and Nova Canvas, Stability. What was asked, and how many images came. */

import { asArray, asNumber, asObject, asString, isObject, type JsonObject } from '../json.js';
import { type Part, textPart } from '../messages.js';
import { strings } from './completions.js';
import type { Dialect } from './dialect.js';
import { createNoStreamFold } from './no-stream.js';

/** The member of an Amazon image request that holds the task's texts is named after the task. */
const TASK_PARAMETERS = /^[a-zA-Z]+Params$/;

export const images: Dialect = {
  name: 'images',
  operation: 'generate_content',
  matchesRequest: (body) => isObject(body['imageGenerationConfig']) || Array.isArray(body['text_prompts']),
  matchesResponse: (body) => Array.isArray(body['images']) || Array.isArray(body['artifacts']),
  readParameters(body) {
    const config = asObject(body['imageGenerationConfig']) ?? {};
    return {
      seed: asNumber(config['seed']) ?? asNumber(body['seed']),
      choiceCount: asNumber(config['numberOfImages']) ?? asNumber(body['samples']),
      outputType: 'image',
    };
  },
  readInput(body) {
    const parts = [...amazonPrompts(body), ...stabilityPrompts(body)].map(textPart);
    return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
  },
  readTools: () => [],
  readResponse(body) {
    const stability = asArray(body['artifacts']).map((artifact) => asObject(artifact)?.['finishReason']);
    return { finishReasons: strings([...asArray(body['finish_reasons']), ...stability]) };
  },
  readOutput(body) {
    const pictures = [
      ...strings([...asArray(body['images'])]),
      ...strings(asArray(body['artifacts']).map((artifact) => asObject(artifact)?.['base64'])),
    ];
    if (pictures.length === 0) return [];
    const parts = pictures.map((content): Part => ({ type: 'blob', modality: 'image', content }));
    return [{ role: 'assistant', parts, finish_reason: 'stop' }];
  },
  createFold: createNoStreamFold,
};

function amazonPrompts(body: JsonObject): string[] {
  return Object.entries(body)
    .filter(([key]) => TASK_PARAMETERS.test(key))
    .flatMap(([, parameters]) => strings([asObject(parameters)?.['text'], asObject(parameters)?.['prompt']]));
}

function stabilityPrompts(body: JsonObject): string[] {
  return strings([
    asString(body['prompt']),
    ...asArray(body['text_prompts']).map((prompt) => asObject(prompt)?.['text']),
  ]);
}
