import type { JsonObject } from '../../json.js';
import { CACHE_POINT, type Conversation, type Reply } from '../../model/conversation.js';
import { countTokens } from '../../model/tokens.js';

/** OpenAI counts cached tokens as input. */
export function inputTokens({ usage }: Reply): number {
  return usage.input + usage.cacheRead + usage.cacheWrite;
}

/** Usage of a chat in OpenAI's form. */
export function chatUsage(reply: Reply, reasoning: string | undefined): JsonObject {
  const input = inputTokens(reply);
  const reasoningTokens = countTokens(reasoning ?? '');
  const output = reply.usage.output + reasoningTokens;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: reply.usage.cacheRead },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}

/** Usage of an answer of the Responses API. */
export function responsesUsage(reply: Reply, reasoning: string | undefined): JsonObject {
  const input = inputTokens(reply);
  const reasoningTokens = countTokens(reasoning ?? '');
  const output = reply.usage.output + reasoningTokens;
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: reply.usage.cacheRead, cache_write_tokens: reply.usage.cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: input + output,
  };
}

/** The service caches the prompt if the request names a key. Everything before the last message is then a prefix. */
export function withCache(conversation: Conversation, key: unknown): Conversation {
  const { prompt } = conversation;
  if (typeof key !== 'string' || prompt.length < 2) return conversation;
  return { ...conversation, prompt: [...prompt.slice(0, -1), CACHE_POINT, ...prompt.slice(-1)] };
}

/** What the model "thinks", if the request asks for reasoning. */
export function reasoningFor(effort: unknown): string | undefined {
  const isAsked = typeof effort === 'string' && effort !== 'none';
  return isAsked ? 'The question is short, so the answer follows the script.' : undefined;
}
