/** What a request says about the use of its tools. */

import { asObject, asString, firstKey, type JsonValue } from '../../data/json.js';
import { unwrapUnknown } from '../../data/unknown-member.js';

/** The words of all providers. Only these are read, because tools can have any name, and names are content. */
const WORDS = new Set(['auto', 'any', 'none', 'required', 'tool', 'function', 'custom', 'allowed_tools']);

/**
 * Reads `tool_choice` of OpenAI's and Anthropic's formats, or `toolChoice` of Converse.
 *
 * @returns the provider's word, which is `tool`, `function` or `custom` if the model must call one named tool; undefined
 *   if the value has none.
 */
export function readToolChoice(value: JsonValue | undefined): string | undefined {
  const choice = asObject(value);
  const word = choice ? (asString(choice['type']) ?? firstKey(unwrapUnknown(choice))) : asString(value);
  return word !== undefined && WORDS.has(word) ? word : undefined;
}
