import { createHash } from 'node:crypto';
import { arrayOf, numberOf, stringOf } from '../json.js';
import { countTokens } from '../tokens.js';
import type { EmbeddingDialect } from './dialect.js';

/** Amazon Titan Text Embeddings: a vector of length 1 that depends on the text alone. It has no meaning. */
export const titanEmbed: EmbeddingDialect = {
  kind: 'embedding',
  embed(body) {
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

function vector(text: string, dimensions: number): number[] {
  const raw: number[] = [];
  for (let block = 0; raw.length < dimensions; block++) {
    for (const byte of createHash('sha256').update(`${block} ${text}`).digest()) raw.push(byte - 127.5);
  }
  const values = raw.slice(0, dimensions);
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}
