/** OpenAI's Responses format. Bedrock serves it for OpenAI's models and others. */

import type { ResponseFacts } from '../../data/facts.js';
import { asMembers, asNumber, asObject, asObjects, asString, type JsonObject } from '../../data/json.js';
import {
  finishReason,
  type InputContent,
  type OutputMessage,
  type ToolDefinition,
  textPart,
} from '../../data/messages.js';
import type { UsageReport } from '../../data/usage.js';
import { asWord } from '../../data/words.js';
import type { Dialect } from '../dialect.js';
import { readReasoning } from '../parameters/reasoning.js';
import { readToolChoice } from '../parameters/tool-choice.js';
import { viewResponsesAnswer, viewResponsesRequest } from '../view/openai-responses.js';
import { readInputItems, readItem } from './items.js';
import { createResponsesFold } from './responses-fold.js';

export const openAiResponses: Dialect = {
  name: 'openai-responses',
  operation: 'chat',
  chatView: { format: 'openai', request: viewResponsesRequest, response: viewResponsesAnswer },
  matchesRequest: () => false,
  matchesResponse: (body) => body['object'] === 'response',
  readParameters: (body) => ({
    maxTokens: asNumber(body['max_output_tokens']),
    temperature: asNumber(body['temperature']),
    topP: asNumber(body['top_p']),
    outputType: asString(asObject(asObject(body['text'])?.['format'])?.['type'])?.startsWith('json')
      ? 'json'
      : undefined,
    ...readReasoning(body),
    toolChoice: readToolChoice(body['tool_choice']),
    serviceTier: asWord(body['service_tier']),
  }),
  readInput,
  readTools: (body) => asObjects(body['tools']).flatMap(readTool),
  readResponse(body): ResponseFacts {
    const reason = reasonOf(body);
    return {
      id: asString(body['id']),
      model: asString(body['model']),
      serviceTier: asWord(body['service_tier']),
      finishReasons: reason === undefined ? undefined : [reason],
      usage: readUsage(asObject(body['usage'])),
    };
  },
  readOutput(body): OutputMessage[] {
    const items = asObjects(body['output']);
    const parts = items.flatMap(readItem);
    if (parts.length === 0) return [];
    const isCall = items.some(({ type }) => type === 'function_call' || type === 'custom_tool_call');
    const reason = reasonOf(body);
    return [
      {
        role: 'assistant',
        parts,
        finish_reason: finishReason(reason === 'completed' && isCall ? 'tool_call' : reason),
      },
    ];
  },
  createFold: createResponsesFold,
};

/** Why an answer ended: the reason that it is incomplete, else its status; undefined as long as it has not ended. */
function reasonOf(body: JsonObject): string | undefined {
  const status = asString(body['status']);
  const isOpen = status === 'in_progress' || status === 'queued';
  return asString(asObject(body['incomplete_details'])?.['reason']) ?? (isOpen ? undefined : status);
}

function readInput({ input, instructions, prompt }: JsonObject): InputContent {
  const variables = Object.entries(asMembers(asObject(prompt)?.['variables']));
  const texts = variables.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return {
    messages: readInputItems(input),
    systemInstructions: typeof instructions === 'string' ? [textPart(instructions)] : undefined,
    promptVariables: texts.length > 0 ? new Map(texts) : undefined,
  };
}

/** A function or a custom tool of the application, or a tool that the service runs, which has a type and settings. */
function readTool({ type: kind, name, description: text, ...others }: JsonObject): ToolDefinition[] {
  const type = asString(kind);
  if (type === undefined) return [];
  const description = asString(text);
  return [{ type, name: asString(name) ?? asString(others['server_label']) ?? type, description, ...others }];
}

function readUsage(usage: JsonObject | undefined): UsageReport | undefined {
  if (!usage) return undefined;
  const input = asObject(usage['input_tokens_details']);
  const written = asObject(input?.['cache_write_tokens_details']);
  return {
    inputTokens: asNumber(usage['input_tokens']),
    outputTokens: asNumber(usage['output_tokens']),
    totalTokens: asNumber(usage['total_tokens']),
    cacheReadTokens: asNumber(input?.['cached_tokens']),
    cacheWriteTokens: asNumber(input?.['cache_write_tokens']),
    longCacheWriteTokens: asNumber(written?.['ttl_12h_tokens']),
    reasoningTokens: asNumber(asObject(usage['output_tokens_details'])?.['reasoning_tokens']),
    inputIncludesCache: true,
  };
}
