import { type JsonObject, numberOf, objectOf } from '../../../json.js';
import type { Conversation, Reply, ToolCall } from '../../../model/conversation.js';
import { toPieces } from '../../../model/tokens.js';
import type { StreamEvent } from '../../../types.js';
import type { ConverseGuardrail } from '../guardrail.js';
import { citationOf, readConverse, STOP_REASONS, textBlocks, writeContent } from './converse-content.js';

export function readConverseRequest(body: JsonObject): Conversation {
  return readConverse(body, numberOf(objectOf(body['inferenceConfig'])['maxTokens']));
}

export function writeConverse(reply: Reply, guardrail?: ConverseGuardrail): JsonObject {
  return {
    output: { message: { role: 'assistant', content: writeContent(reply, toolUseId) } },
    stopReason: stopReason(reply, guardrail),
    ...figures(reply, guardrail),
  };
}

/** Returns the events of a stream. As in the service, text blocks have no contentBlockStart. */
export function converseEvents(reply: Reply, guardrail?: ConverseGuardrail): StreamEvent[] {
  const texts = textBlocks(reply);
  const calls = reply.toolCalls.map((call, index) => toolEvents(call, texts.length + index));
  return [
    { type: 'messageStart', payload: { role: 'assistant' } },
    ...texts.flatMap(({ pieces, quote }, index) => [
      ...pieces.map((piece) => delta(index, { text: piece })),
      ...(quote ? [delta(index, { citation: citationOf(quote) })] : []),
      stop(index),
    ]),
    ...calls.flat(),
    { type: 'messageStop', payload: { stopReason: stopReason(reply, guardrail) } },
    { type: 'metadata', payload: figures(reply, guardrail) },
  ];
}

function stopReason(reply: Reply, guardrail: ConverseGuardrail | undefined): string {
  return guardrail?.blocked ? 'guardrail_intervened' : STOP_REASONS[reply.finish];
}

function figures(reply: Reply, guardrail: ConverseGuardrail | undefined): JsonObject {
  return {
    usage: usageOf(reply),
    metrics: { latencyMs: reply.latency.total },
    ...(guardrail?.trace ? { trace: { guardrail: guardrail.trace } } : {}),
  };
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

/** Leaves out the cache keys if the request has no cache points. The total includes cached tokens. */
function usageOf({ usage, caching }: Reply): JsonObject {
  const { input, output, cacheRead, cacheWrite } = usage;
  return {
    inputTokens: input,
    outputTokens: output,
    totalTokens: input + output + cacheRead + cacheWrite,
    ...(caching ? { cacheReadInputTokens: cacheRead, cacheWriteInputTokens: cacheWrite } : {}),
  };
}
