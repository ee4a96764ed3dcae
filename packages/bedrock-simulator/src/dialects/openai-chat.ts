import type { Conversation, Reply } from '../conversation.js';
import { arrayOf, type JsonObject, numberOf, objectOf, stringOf } from '../json.js';
import { countTokens } from '../tokens.js';
import { type ChatDialect, invocationMetrics } from './dialect.js';

const REASONS = { end: 'stop', tool: 'stop', length: 'length' } as const;

/** OpenAI-style chat, as AI21 Jamba speaks it. Tools in the request are not called: no recording shows how Jamba does it. */
export const openaiChat: ChatDialect = {
  kind: 'chat',
  read: readRequest,
  write(reply, modelId) {
    return {
      id: `chatcmpl-${reply.id}`,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: reply.text, tool_calls: null },
          finish_reason: REASONS[reply.finish],
        },
      ],
      usage: usageOf(reply, reply.usage.output),
      meta: { requestDurationMillis: reply.latency.total },
      model: modelId.replace(/^.*ai21\./, '').replace(/-v\d+(:\d+)?$/, ''),
    };
  },
  /** Every chunk has the usage so far; the metrics are a chunk of their own, without choices. */
  chunks(reply) {
    let generated = 0;
    const chunk = (delta: JsonObject, finish_reason: string | null): JsonObject => ({
      id: `chatcmpl-${reply.id}`,
      choices: [{ index: 0, delta, finish_reason }],
      usage: usageOf(reply, generated),
    });
    return [
      chunk({ role: 'assistant', content: '' }, null),
      ...reply.pieces.map((content) => {
        generated = Math.min(reply.usage.output, generated + countTokens(content));
        return chunk({ content }, null);
      }),
      { ...chunk({ content: '' }, REASONS[reply.finish]), usage: usageOf(reply, reply.usage.output) },
      invocationMetrics(reply, false),
    ];
  },
};

function readRequest(body: JsonObject): Conversation {
  const messages = arrayOf(body['messages'])
    .map(objectOf)
    .map((message) => ({
      role: stringOf(message['role']),
      text: contentText(message['content']),
      toolCalls: [],
      toolResults: [],
    }));
  return {
    prompt: [...arrayOf(body['tools']).map((tool) => JSON.stringify(tool)), ...messages.map(({ text }) => text)],
    messages,
    tools: [],
    forceTool: false,
    maxTokens: numberOf(body['max_tokens']),
  };
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return arrayOf(content)
    .map((part) => stringOf(objectOf(part)['text']))
    .join('');
}

function usageOf({ usage }: Reply, output: number): JsonObject {
  return { prompt_tokens: usage.input, total_tokens: usage.input + output, completion_tokens: output };
}
