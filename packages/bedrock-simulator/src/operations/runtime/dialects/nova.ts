import { type JsonObject, numberOf, objectOf } from '../../../json.js';
import type { Reply, ToolCall } from '../../../model/conversation.js';
import { readConverse, STOP_REASONS, writeContent } from './converse-content.js';
import { type ChatDialect, invocationMetrics } from './dialect.js';

/** Amazon Nova: like Converse, but with other names for the cache counts and the token limit. */
export const nova: ChatDialect = {
  kind: 'chat',
  cacheHeaders: true,
  read(body) {
    const config = objectOf(body['inferenceConfig']);
    return readConverse(body, numberOf(config['max_new_tokens']) ?? numberOf(config['maxTokens']));
  },
  write(reply) {
    const { usage } = reply;
    return {
      output: { message: { content: writeContent(reply, toolUseId), role: 'assistant' } },
      stopReason: STOP_REASONS[reply.finish],
      usage: { ...usageOf(reply), totalTokens: usage.input + usage.output + usage.cacheRead + usage.cacheWrite },
    };
  },
  chunks(reply) {
    return [
      { messageStart: { role: 'assistant' } },
      ...textChunks(reply),
      ...toolChunks(reply),
      { messageStop: { stopReason: STOP_REASONS[reply.finish] } },
      { metadata: { usage: usageOf(reply), metrics: {}, trace: {} }, ...invocationMetrics(reply, true) },
    ];
  },
};

/** Returns a separate block without a start for each text delta. */
function textChunks({ pieces }: Reply): JsonObject[] {
  return pieces.flatMap((text, index) => [
    { contentBlockDelta: { delta: { text }, contentBlockIndex: index } },
    { contentBlockStop: { contentBlockIndex: index } },
  ]);
}

function toolChunks({ pieces, toolCalls }: Reply): JsonObject[] {
  return toolCalls.flatMap((call, offset) => {
    const contentBlockIndex = pieces.length + offset;
    return [
      { contentBlockStart: { start: { toolUse: { toolUseId: toolUseId(call), name: call.name } }, contentBlockIndex } },
      { contentBlockDelta: { delta: { toolUse: { input: JSON.stringify(call.input) } }, contentBlockIndex } },
      { contentBlockStop: { contentBlockIndex } },
    ];
  });
}

function toolUseId(call: ToolCall): string {
  return `tooluse_${call.id}`;
}

function usageOf({ usage }: Reply): JsonObject {
  return {
    inputTokens: usage.input,
    outputTokens: usage.output,
    cacheReadInputTokenCount: usage.cacheRead,
    cacheWriteInputTokenCount: usage.cacheWrite,
  };
}
