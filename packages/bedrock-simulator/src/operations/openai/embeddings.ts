import { arrayOf, numberOf, stringOf } from '../../json.js';
import { countTokens } from '../../model/tokens.js';
import type { Operation } from '../operation.js';
import { vector } from '../runtime/dialects/vector.js';
import { answered } from './wire.js';

const DIMENSIONS = 1024;

/** Embeddings: lists of numbers, or base64 text of 32-bit numbers. */
export const embeddings: Operation = {
  name: 'embeddings',
  method: 'POST',
  path: '/embeddings',
  modelOf: (body) => stringOf(body['model']),
  answer({ body }) {
    const { input } = body;
    const texts = typeof input === 'string' ? [input] : arrayOf(input).map(stringOf);
    const dimensions = numberOf(body['dimensions']) ?? DIMENSIONS;
    const isBase64 = body['encoding_format'] === 'base64';
    const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
    return answered({
      object: 'list',
      data: texts.map((text, index) => {
        const numbers = vector(text, dimensions);
        return { object: 'embedding', index, embedding: isBase64 ? base64Of(numbers) : numbers };
      }),
      model: stringOf(body['model']),
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
  },
};

function base64Of(numbers: readonly number[]): string {
  return Buffer.from(Float32Array.from(numbers).buffer).toString('base64');
}
