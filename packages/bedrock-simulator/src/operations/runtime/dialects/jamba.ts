import type { JsonObject } from '../../../json.js';
import { countTokens } from '../../../model/tokens.js';
import { type ChatDialect, invocationMetrics } from './dialect.js';
import { REASONS, readChat, writeDeltas, writeMessage } from './openai-chat-content.js';
import { usageOf } from './openai-usage.js';

/** AI21 Jamba: an OpenAI chat with another stream. Its tool calls follow OpenAI's, because no recording shows them. */
export const jamba: ChatDialect = {
  kind: 'chat',
  read: readChat,
  write(reply, modelId) {
    return {
      id: `chatcmpl-${reply.id}`,
      choices: [{ index: 0, message: writeMessage(reply), finish_reason: REASONS[reply.finish] }],
      usage: usageOf(reply, reply.usage.output),
      meta: { requestDurationMillis: reply.latency.total },
      model: modelId.replace(/^.*ai21\./, '').replace(/-v\d+(:\d+)?$/, ''),
    };
  },
  /** Every chunk has the usage so far. The metrics are in a separate chunk without choices. */
  chunks(reply) {
    let generated = 0;
    const chunk = (delta: JsonObject, finish_reason: string | null, output: number): JsonObject => ({
      id: `chatcmpl-${reply.id}`,
      choices: [{ index: 0, delta, finish_reason }],
      usage: usageOf(reply, output),
    });
    return [
      ...writeDeltas(reply).map((delta) => {
        const { content } = delta;
        if (typeof content === 'string') generated = Math.min(reply.usage.output, generated + countTokens(content));
        return chunk(delta, null, generated);
      }),
      chunk({ content: '' }, REASONS[reply.finish], reply.usage.output),
      invocationMetrics(reply),
    ];
  },
};
