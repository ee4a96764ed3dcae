import type { Reply } from '../conversation.js';
import type { JsonObject } from '../json.js';

/** Token usage in OpenAI's words, with so many tokens of output so far. */
export function usageOf({ usage }: Reply, output: number): JsonObject {
  return { prompt_tokens: usage.input, total_tokens: usage.input + output, completion_tokens: output };
}
