/** Cohere Embed, versions 3 and 4. */

import {
  asArray,
  asMembers,
  asNumber,
  asObject,
  asObjects,
  asString,
  asStrings,
  type JsonObject,
} from '../data/json.js';
import { type Part, textPart } from '../data/messages.js';
import type { Dialect } from './dialect.js';
import { createChunkListFold } from './fold/chunk-list-fold.js';
import { mediaUrlPart } from './messages/parts.js';

export const cohereEmbed: Dialect = {
  name: 'cohere-embed',
  operation: 'embeddings',
  matchesRequest: (body) =>
    typeof body['input_type'] === 'string' &&
    ['texts', 'images', 'inputs'].some((member) => Array.isArray(body[member])),
  matchesResponse: (body) => typeof body['response_type'] === 'string' && body['embeddings'] !== undefined,
  readParameters: (body) => ({
    embeddingDimensions: asNumber(body['output_dimension']),
    encodingFormats: asStrings(body['embedding_types']),
  }),
  readInput(body) {
    const texts = asStrings(body['texts']) ?? [];
    const images = asStrings(body['images']) ?? [];
    const inputs = asObjects(body['inputs']);
    const parts: Part[] = [
      ...texts.map(textPart),
      ...images.map((url) => mediaUrlPart('image', url)),
      ...inputs.flatMap((input) => asArray(input['content']).flatMap(readContent)),
    ];
    return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
  },
  readTools: () => [],
  readResponse: (body) => ({ id: asString(body['id']), embeddingDimensions: dimensions(body) }),
  readOutput: () => [],
  createFold: createChunkListFold,
};

function readContent(item: unknown): Part[] {
  const content = asObject(item);
  const text = asString(content?.['text']);
  if (text !== undefined) return [textPart(text)];
  const url = asString(asObject(content?.['image_url'])?.['url']);
  return url === undefined ? [] : [mediaUrlPart('image', url)];
}

/**
 * Returns the length of the first vector. Embeddings are a list of vectors, or one list for each type. A number of the
 * packed types (`binary`, `ubinary`) holds several dimensions, so those types do not count.
 */
function dimensions(body: JsonObject): number | undefined {
  const { embeddings } = body;
  const { float, int8, uint8 } = asMembers(embeddings);
  const vectors = Array.isArray(embeddings) ? embeddings : asArray(float ?? int8 ?? uint8);
  return Array.isArray(vectors[0]) ? vectors[0].length : undefined;
}
