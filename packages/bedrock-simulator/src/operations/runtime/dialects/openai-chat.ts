import type { JsonObject } from '../../../json.js';
import type { Reply } from '../../../model/conversation.js';
import { type ChatDialect, invocationMetrics } from './dialect.js';
import { REASONS, readChat, writeDeltas, writeMessage } from './openai-chat-content.js';
import { usageOf } from './openai-usage.js';

/** OpenAI chat completions (gpt-oss, Qwen, Writer and others), written from documentation, as no recording exists. */
export const openaiChat = chatDialect('finish_reason');

/** Mistral's chat models, Large of July 2024 and later: the same, with another name for the finish reason. */
export const mistralChat = chatDialect('stop_reason');

function chatDialect(reasonName: string): ChatDialect {
  return {
    kind: 'chat',
    read: readChat,
    write: (reply, model) => ({
      ...completion(reply, model, 'chat.completion'),
      choices: [{ index: 0, message: writeMessage(reply), [reasonName]: REASONS[reply.finish] }],
      usage: usageOf(reply, reply.usage.output),
    }),
    /** Only one chunk has the usage: the chunk with the metrics and without choices. */
    chunks(reply, model) {
      const chunk = (delta: JsonObject, reason: string | null): JsonObject => ({
        ...completion(reply, model, 'chat.completion.chunk'),
        choices: [{ index: 0, delta, [reasonName]: reason }],
      });
      return [
        ...writeDeltas(reply).map((delta) => chunk(delta, null)),
        chunk({}, REASONS[reply.finish]),
        {
          ...completion(reply, model, 'chat.completion.chunk'),
          choices: [],
          usage: usageOf(reply, reply.usage.output),
          ...invocationMetrics(reply),
        },
      ];
    },
  };
}

function completion({ id }: Reply, model: string, object: string): JsonObject {
  return { id: `chatcmpl-${id}`, object, model };
}
