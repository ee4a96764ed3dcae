/**
 * TwelveLabs Marengo, embeddings of texts, images, audio and video:
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-marengo-3.html
 */

import { asArray, asObject, asObjects, asString, isObject, type JsonObject } from '../data/json.js';
import { type Part, textPart } from '../data/messages.js';
import type { Dialect } from './dialect.js';
import { createChunkListFold } from './fold/chunk-list-fold.js';
import { readMediaSource } from './messages/media-source.js';

export const twelveLabsEmbed: Dialect = {
  name: 'twelvelabs-embed',
  operation: 'embeddings',
  matchesRequest: (body) =>
    typeof body['inputType'] === 'string' &&
    (typeof body['inputText'] === 'string' || isObject(body['mediaSource']) || isObject(body[body['inputType']])),
  matchesResponse: (body) => body['data'] !== undefined && vectors(body).length > 0,
  readParameters: () => ({}),
  readInput(body) {
    const parts = readParts(body);
    return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
  },
  readTools: () => [],
  readResponse: (body) => ({ embeddingDimensions: vectors(body)[0]?.length }),
  readOutput: () => [],
  createFold: createChunkListFold,
};

/** Version 3 has its input in a member that the input type names. Version 2.7 has it at the top level. */
function readParts(body: JsonObject): Part[] {
  const type = asString(body['inputType']) ?? '';
  const input = asObject(body[type]) ?? body;
  const text = asString(input['inputText']);
  // `text_image` and `multi_input` combine a text with images.
  const modality = type === 'video' || type === 'audio' ? type : 'image';
  return [
    ...(text === undefined ? [] : [textPart(text)]),
    ...readMediaSource(input['mediaSource'], modality),
    ...asObjects(input['mediaSources']).flatMap((source) => readMediaSource(source, modality)),
  ];
}

/** An answer has a vector for each segment and each embedding option. */
function vectors(body: JsonObject): (readonly unknown[])[] {
  const { data } = body;
  return (Array.isArray(data) ? asObjects(data) : [asObject(data) ?? body])
    .map((item) => asArray(item['embedding']))
    .filter((vector) => vector.length > 0);
}
