import { arrayOf, numberOf, stringOf } from '../../../json.js';
import { countTokens } from '../../../model/tokens.js';
import type { PlainDialect } from './dialect.js';
import { vector } from './vector.js';

/** Amazon Titan Text Embeddings. */
export const titanEmbed: PlainDialect = {
  kind: 'plain',
  answer(body) {
    const text = stringOf(body['inputText']);
    const embedding = vector(text, numberOf(body['dimensions']) ?? 1024);
    const types = arrayOf(body['embeddingTypes']);
    const byType = {
      float: embedding,
      ...(types.includes('binary') ? { binary: embedding.map((value) => (value > 0 ? 1 : 0)) } : {}),
    };
    const inputTokens = countTokens(text);
    return { body: { embedding, embeddingsByType: byType, inputTextTokenCount: inputTokens }, inputTokens };
  },
};
