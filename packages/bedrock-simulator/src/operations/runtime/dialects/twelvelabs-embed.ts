import { objectOf, stringOf } from '../../../json.js';
import { countTokens, MEDIA_TOKENS } from '../../../model/tokens.js';
import type { PlainDialect } from './dialect.js';
import { vector } from './vector.js';

/** TwelveLabs Marengo. Version 3 has its input in a member that the input type names, version 2.7 at the top level. */
export const twelveLabsEmbed: PlainDialect = {
  kind: 'plain',
  answer(body, modelId) {
    const type = stringOf(body['inputType']);
    const input = objectOf(body[type] ?? body);
    const text = stringOf(input['inputText']);
    const isText = type === 'text';
    const embedding = vector(isText ? text : JSON.stringify(input), modelId.includes('-2-7-') ? 1024 : 512);
    return { body: { data: [{ embedding }] }, inputTokens: countTokens(isText ? text : MEDIA_TOKENS + text) };
  },
};
