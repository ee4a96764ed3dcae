import type { Conversation, Reply, ToolCall } from '../conversation.js';
import { type JsonObject, numberOf, objectOf } from '../json.js';
import { toPieces } from '../tokens.js';
import type { StreamEvent } from '../types.js';
import { readConverse, STOP_REASONS, writeContent } from './converse-content.js';

export function readConverseRequest(body: JsonObject): Conversation {
  return readConverse(body, numberOf(objectOf(body['inferenceConfig'])['maxTokens']));
}

export function writeConverse(reply: Reply): JsonObject {
  return {
    output: { message: { role: 'assistant', content: writeContent(reply, toolUseId) } },
    stopReason: STOP_REASONS[reply.finish],
    usage: usageOf(reply),
    metrics: { latencyMs: reply.latency.total },
  };
}

/** Text blocks have no contentBlockStart; metadata follows messageStop. */
export function converseEvents(reply: Reply): StreamEvent[] {
  const textBlocks = reply.text === '' ? 0 : 1;
  const text = reply.pieces.map((piece) => delta(0, { text: piece }));
  const calls = reply.toolCalls.map((call, index) => toolEvents(call, textBlocks + index));
  return [
    { type: 'messageStart', payload: { role: 'assistant' } },
    ...(textBlocks ? [...text, stop(0)] : []),
    ...calls.flat(),
    { type: 'messageStop', payload: { stopReason: STOP_REASONS[reply.finish] } },
    { type: 'metadata', payload: { usage: usageOf(reply), metrics: { latencyMs: reply.latency.total } } },
  ];
}

function toolEvents(call: ToolCall, index: number): StreamEvent[] {
  const start = { toolUse: { toolUseId: toolUseId(call), name: call.name } };
  return [
    { type: 'contentBlockStart', payload: { contentBlockIndex: index, start } },
    ...toPieces(JSON.stringify(call.input)).map((piece) => delta(index, { toolUse: { input: piece } })),
    stop(index),
  ];
}

function delta(contentBlockIndex: number, content: JsonObject): StreamEvent {
  return { type: 'contentBlockDelta', payload: { contentBlockIndex, delta: content } };
}

function stop(contentBlockIndex: number): StreamEvent {
  return { type: 'contentBlockStop', payload: { contentBlockIndex } };
}

function toolUseId(call: ToolCall): string {
  return `tooluse_${call.id}`;
}

/** The service leaves the cache keys out when a request has no cache points. The total includes cached tokens. */
function usageOf({ usage, caching }: Reply): JsonObject {
  const { input, output, cacheRead, cacheWrite } = usage;
  return {
    inputTokens: input,
    outputTokens: output,
    totalTokens: input + output + cacheRead + cacheWrite,
    ...(caching ? { cacheReadInputTokens: cacheRead, cacheWriteInputTokens: cacheWrite } : {}),
  };
}
