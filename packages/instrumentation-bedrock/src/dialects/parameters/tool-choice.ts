/** What a request says about the use of its tools. */

import { asObject, asString, firstKey, type JsonValue } from '../../data/json.js';
import { unwrapUnknown } from '../../data/unknown-member.js';

/** The words of all providers. Only these are read, because tools can have any name, and names are content. */
const WORDS = new Set([
  ...['auto', 'any', 'none', 'required', 'tool', 'function', 'custom', 'allowed_tools'],
  // Tools that OpenAI's service runs or defines.
  ...['mcp', 'web_search', 'web_search_preview', 'file_search', 'code_interpreter', 'image_generation'],
  ...['computer', 'computer_use', 'computer_use_preview', 'shell', 'apply_patch', 'programmatic_tool_calling'],
]);

/**
 * Reads `tool_choice` of OpenAI's and Anthropic's formats, or `toolChoice` of Converse.
 *
 * @returns the provider's word. If the model must call one named tool, that is `tool`, `function` or `custom`; if it must
 *   call a tool of the provider, the type of that tool. Undefined if the value has no such word.
 */
export function readToolChoice(value: JsonValue | undefined): string | undefined {
  const choice = asObject(value);
  const word = choice ? (asString(choice['type']) ?? firstKey(unwrapUnknown(choice))) : asString(value);
  return word !== undefined && WORDS.has(word) ? word : undefined;
}
