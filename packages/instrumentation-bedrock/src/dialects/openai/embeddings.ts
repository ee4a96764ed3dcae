/** OpenAI's embeddings format. A vector is a list of numbers, or base64 text of 32-bit numbers. */

import { asNumber, asObject, asObjects, asString } from '../../data/json.js';
import { vectorLength } from '../../data/vectors.js';
import type { Dialect } from '../dialect.js';
import { createChunkListFold } from '../fold/chunk-list-fold.js';
import { readTextsOrTokens } from '../messages/texts-or-tokens.js';

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
    const parts = readTextsOrTokens(input);
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
