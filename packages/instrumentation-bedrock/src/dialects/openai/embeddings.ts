/** OpenAI's embeddings format. A vector is a list of numbers, or base64 text of 32-bit numbers. */

import { asArray, asNumber, asObject, asObjects, asString, type JsonValue } from '../../data/json.js';
import { type Part, textPart } from '../../data/messages.js';
import { stringify } from '../../data/numbers.js';
import { vectorLength } from '../../data/vectors.js';
import type { Dialect } from '../dialect.js';
import { createChunkListFold } from '../fold/chunk-list-fold.js';

export const openAiEmbeddings: Dialect = {
  name: 'openai-embeddings',
  operation: 'embeddings',
  matchesRequest: () => false,
  matchesResponse: () => false,
  readParameters(body) {
    const format = asString(body['encoding_format']);
    return {
      embeddingDimensions: asNumber(body['dimensions']),
      encodingFormats: format === undefined ? undefined : [format],
    };
  },
  readInput({ input }) {
    const parts = readInput(input);
    return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
  },
  readTools: () => [],
  readResponse(body) {
    const usage = asObject(body['usage']);
    return {
      model: asString(body['model']),
      usage: usage && { inputTokens: asNumber(usage['prompt_tokens']) },
      embeddingDimensions: vectorLength(asObjects(body['data'])[0]?.['embedding']),
    };
  },
  readOutput: () => [],
  createFold: createChunkListFold,
};

/** An input is a text, a list of token ids, or a list of either. */
function readInput(input: JsonValue | undefined): Part[] {
  if (typeof input === 'string') return [textPart(input)];
  const items = asArray(input);
  if (typeof items[0] === 'number') return [tokenPart(items)];
  return items.flatMap((item) => (Array.isArray(item) ? [tokenPart(item)] : readInput(asString(item))));
}

function tokenPart(tokens: readonly JsonValue[]): Part {
  return { type: 'tokens', content: stringify(tokens as JsonValue) };
}
