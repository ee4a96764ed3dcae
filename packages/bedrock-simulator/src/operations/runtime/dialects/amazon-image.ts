import { numberOf, objectOf } from '../../../json.js';
import type { PlainDialect } from './dialect.js';
import { scriptedImage } from './image.js';

/** Amazon Titan Image and Nova Canvas, written from AWS's documentation. */
export const amazonImage: PlainDialect = {
  kind: 'plain',
  answer(body) {
    const count = numberOf(objectOf(body['imageGenerationConfig'])['numberOfImages']) ?? 1;
    return { body: { images: Array.from({ length: count }, (_, index) => scriptedImage(body, index)), error: null } };
  },
};
