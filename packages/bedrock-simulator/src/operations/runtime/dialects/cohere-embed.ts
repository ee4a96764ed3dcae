import { digest } from '../../../digest.js';
import { arrayOf, type JsonObject, numberOf, objectOf, stringOf } from '../../../json.js';
import { countTokens, MEDIA_TOKENS } from '../../../model/tokens.js';
import type { PlainDialect } from './dialect.js';
import { vector } from './vector.js';

/** Cohere Embed 3 and 4. Returns a list of vectors, or lists by type for version 4 and for requests with types. */
export const cohereEmbed: PlainDialect = {
  kind: 'plain',
  answer(body, modelId) {
    const version4 = /embed-v4/.test(modelId) || 'output_dimension' in body || 'inputs' in body;
    const texts = arrayOf(body['texts']).map(stringOf);
    const images = arrayOf(body['images']).map(stringOf);
    const inputs = [
      ...texts.map((text) => ({ text, tokens: countTokens(text) })),
      ...images.map((text) => ({ text, tokens: countTokens(MEDIA_TOKENS) })),
      ...arrayOf(body['inputs']).map((input) => readInput(objectOf(input))),
    ];
    const dimensions = numberOf(body['output_dimension']) ?? (version4 ? 1536 : /light/.test(modelId) ? 384 : 1024);
    const vectors = inputs.map(({ text }) => vector(text, dimensions));
    const types = arrayOf(body['embedding_types']).map(stringOf);
    const byType = version4 || types.length > 0;
    return {
      body: {
        id: digest(body),
        embeddings: byType ? writeByType(vectors, types.length > 0 ? types : ['float']) : vectors,
        response_type: byType ? 'embeddings_by_type' : 'embeddings_floats',
        // Version 3 returns the texts in lower case.
        ...('texts' in body ? { texts: version4 ? texts : texts.map((text) => text.toLowerCase()) } : {}),
      },
      inputTokens: inputs.reduce((sum, { tokens }) => sum + tokens, 0),
    };
  },
};

/** Reads an input of version 4, which may mix texts and images. */
function readInput(input: JsonObject): { text: string; tokens: number } {
  const parts = arrayOf(input['content']).map(objectOf);
  const texts = parts.map(({ text }) => (typeof text === 'string' ? text : MEDIA_TOKENS));
  return { text: JSON.stringify(parts), tokens: texts.reduce((sum, text) => sum + countTokens(text), 0) };
}

const ENCODERS: Readonly<Record<string, (values: readonly number[]) => number[]>> = {
  float: (values) => [...values],
  int8: (values) => values.map((value) => Math.round(value * 127)),
  uint8: (values) => values.map((value) => Math.round(value * 127) + 128),
  binary: (values) => packBits(values).map((byte) => byte - 128),
  ubinary: packBits,
};

function writeByType(vectors: readonly (readonly number[])[], types: readonly string[]): JsonObject {
  const known = types.filter((type) => Object.hasOwn(ENCODERS, type));
  return Object.fromEntries(known.map((type) => [type, vectors.map((values) => ENCODERS[type]?.(values))]));
}

/** Packs eight dimensions into a byte, one bit each. */
function packBits(values: readonly number[]): number[] {
  return Array.from({ length: Math.ceil(values.length / 8) }, (_, index) =>
    values.slice(index * 8, index * 8 + 8).reduce((byte, value) => byte * 2 + (value > 0 ? 1 : 0), 0),
  );
}
