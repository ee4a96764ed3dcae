/** Words, versions and ids of the API, for attributes. A service or an application can send any text in their place. */

import { asString } from './json.js';

/** No word and no version of the API is longer. */
const MAX_WORD_LENGTH = 256;
/** The longest identifier that the API accepts: an ARN. */
const MAX_ID_LENGTH = 2048;

/** Returns a word of the API, such as a service tier; undefined if the value is no text of 1 to 256 characters. */
export function asWord(value: unknown): string | undefined {
  return asText(value, MAX_WORD_LENGTH);
}

/** Returns the id or ARN of a resource; undefined if the value is no text of 1 to 2048 characters. */
export function asId(value: unknown): string | undefined {
  return asText(value, MAX_ID_LENGTH);
}

/** Returns undefined if the value is no text, is empty, or is longer. */
export function asText(value: unknown, maxLength: number): string | undefined {
  const text = asString(value);
  return text !== undefined && text !== '' && text.length <= maxLength ? text : undefined;
}
