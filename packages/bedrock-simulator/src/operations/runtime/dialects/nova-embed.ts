import { numberOf, objectOf, stringOf } from '../../../json.js';
import { countTokens, MEDIA_TOKENS } from '../../../model/tokens.js';
import type { PlainDialect } from './dialect.js';
import { vector } from './vector.js';

const MEDIA = ['image', 'video', 'audio'];

/** Amazon Nova Multimodal Embeddings, with one text, image, video or audio per request. */
export const novaEmbed: PlainDialect = {
  kind: 'plain',
  answer(body) {
    const parameters = objectOf(body['singleEmbeddingParams']);
    const media = MEDIA.find((member) => member in parameters);
    const text = stringOf(objectOf(parameters['text'])['value']);
    const input = media === undefined ? text : JSON.stringify(parameters[media]);
    const embedding = vector(input, numberOf(parameters['embeddingDimension']) ?? 3072);
    return {
      body: { embeddings: [{ embedding, embeddingType: (media ?? 'text').toUpperCase() }] },
      inputTokens: countTokens(media === undefined ? text : MEDIA_TOKENS),
    };
  },
};
