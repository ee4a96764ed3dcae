/** Image models: Amazon Titan Image and Nova Canvas, Stability. Requests to Nova Reel have the same form. */

import {
  asMembers,
  asNumber,
  asObject,
  asObjects,
  asString,
  asStrings,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../data/json.js';
import { finishReason, type Part, textPart } from '../data/messages.js';
import type { Dialect } from './dialect.js';
import { createChunkListFold } from './fold/chunk-list-fold.js';
import { withImages } from './messages/text-completion.js';

/** The member of an Amazon request that holds the task's texts, such as `textToImageParams`. */
const TASK_PARAMETERS = /^[a-zA-Z]+Params$/;

/** `Filter reason: prompt`, `Filter reason: output image`, … of Stable Image. */
const FILTER_REASON = /^filter reason/i;

export const images: Dialect = {
  name: 'images',
  operation: 'generate_content',
  matchesRequest: (body) =>
    isObject(body['imageGenerationConfig']) || isVideo(body) || Array.isArray(body['text_prompts']),
  matchesResponse: (body) => ['images', 'artifacts', 'finish_reasons'].some((member) => Array.isArray(body[member])),
  readParameters(body) {
    const config = asObject(body['imageGenerationConfig']) ?? asMembers(body['videoGenerationConfig']);
    return {
      seed: asNumber(config['seed']) ?? asNumber(body['seed']),
      choiceCount: asNumber(config['numberOfImages']) ?? asNumber(body['samples']),
      // The conventions have no word for videos.
      outputType: isVideo(body) ? undefined : 'image',
    };
  },
  readInput(body) {
    const parts = [...amazonPrompts(body), ...stabilityPrompts(body)].map(textPart);
    const prompt = { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
    return withImages(prompt, [...amazonTasks(body), body].flatMap(inputImages));
  },
  readTools: () => [],
  readResponse: (body) => ({ finishReasons: stabilityReasons(body) }),
  readOutput(body) {
    const pictures = [
      ...(asStrings(body['images']) ?? []),
      ...(asStrings(artifacts(body).map((artifact) => artifact['base64'])) ?? []),
    ];
    const reason = messageReason(body);
    // If the service withheld all pictures, the message has only the reason.
    if (pictures.length === 0 && reason === 'stop') return [];
    const parts = pictures.map((content): Part => ({ type: 'blob', modality: 'image', content }));
    return [{ role: 'assistant', parts, finish_reason: reason }];
  },
  createFold: createChunkListFold,
};

/** One message holds all pictures. Its reason is the first that is not `stop`. */
function messageReason(body: JsonObject): string {
  const reasons = stabilityReasons(body).map((reason) =>
    FILTER_REASON.test(reason) ? 'content_filter' : finishReason(reason),
  );
  // Amazon sends no reasons. A successful answer has an `error` if content filters withheld pictures:
  // https://docs.aws.amazon.com/nova/latest/userguide/image-gen-errors.html
  if (asString(body['error'])) reasons.push('content_filter');
  return reasons.find((reason) => reason !== 'stop') ?? 'stop';
}

/** If a picture is fine, the reason is null for Stable Image and `SUCCESS` for SDXL. */
function stabilityReasons(body: JsonObject): string[] {
  const reasons = asStrings(body['finish_reasons']) ?? [];
  return [...reasons, ...(asStrings(artifacts(body).map((artifact) => artifact['finishReason'])) ?? [])];
}

function artifacts(body: JsonObject): JsonObject[] {
  return asObjects(body['artifacts']);
}

function isVideo(body: JsonObject): boolean {
  return isObject(body['videoGenerationConfig']) || body['taskType'] === 'TEXT_VIDEO';
}

function amazonTasks(body: JsonObject): JsonObject[] {
  return asObjects(Object.keys(body).flatMap((key) => (TASK_PARAMETERS.test(key) ? [body[key] ?? null] : [])));
}

function amazonPrompts(body: JsonObject): string[] {
  return amazonTasks(body).flatMap(({ text, prompt }) => asStrings([text, prompt]) ?? []);
}

/** The pictures to change or to follow: `image`, `maskImage`, `conditionImage`, `init_image`, `images`, … */
function inputImages(parameters: JsonObject): JsonValue[] {
  return Object.keys(parameters)
    .filter((key) => /images?$|^mask$/i.test(key))
    .flatMap((key) => {
      const value = parameters[key] ?? null;
      return Array.isArray(value) ? value : [value];
    });
}

function stabilityPrompts(body: JsonObject): string[] {
  const weighted = asObjects(body['text_prompts']).map((prompt) => prompt['text']);
  return asStrings([body['prompt'], ...weighted]) ?? [];
}
