import { numberOf } from '../../../json.js';
import type { PlainDialect } from './dialect.js';
import { scriptedImage } from './image.js';

/** Stability: Stable Image with one prompt, and SDXL with weighted `text_prompts`. Written from documentation. */
export const stability: PlainDialect = {
  kind: 'plain',
  answer(body) {
    const seed = numberOf(body['seed']) ?? 0;
    if (!Array.isArray(body['text_prompts'])) {
      return { body: { seeds: [seed], finish_reasons: [null], images: [scriptedImage(body, 0)] } };
    }
    const artifacts = Array.from({ length: numberOf(body['samples']) ?? 1 }, (_, index) => ({
      seed: seed + index,
      base64: scriptedImage(body, index),
      finishReason: 'SUCCESS',
    }));
    return { body: { result: 'success', artifacts } };
  },
};
