/** Reads what a request of OpenAI's API has to complete or to embed. */

import { asArray, asString, type JsonValue } from '../../data/json.js';
import { type Part, textPart } from '../../data/messages.js';
import { stringify } from '../../data/numbers.js';

/** @param input a text, a list of token ids, or a list of either. Returns one part for each text or list of tokens. */
export function readTextsOrTokens(input: JsonValue | undefined): Part[] {
  if (typeof input === 'string') return [textPart(input)];
  const items = asArray(input);
  if (typeof items[0] === 'number') return [tokenPart(items)];
  return items.flatMap((item) => (Array.isArray(item) ? [tokenPart(item)] : readTextsOrTokens(asString(item))));
}

function tokenPart(tokens: readonly JsonValue[]): Part {
  return { type: 'tokens', content: stringify(tokens as JsonValue) };
}
