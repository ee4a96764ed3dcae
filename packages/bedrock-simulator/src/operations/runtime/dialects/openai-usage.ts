import type { JsonObject } from '../../../json.js';
import type { Reply } from '../../../model/conversation.js';

/** Returns token usage in OpenAI's form. `output` is the number of output tokens so far. */
export function usageOf({ usage }: Reply, output: number): JsonObject {
  return { prompt_tokens: usage.input, total_tokens: usage.input + output, completion_tokens: output };
}
