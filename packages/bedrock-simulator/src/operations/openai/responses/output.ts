import { type JsonObject, objectOf, stringOf } from '../../../json.js';
import type { Reply, ToolCall } from '../../../model/conversation.js';
import { reasoningFor, responsesUsage } from '../usage.js';
import { CREATED } from '../wire.js';

/** An answer of the Responses API. It repeats the settings of the request. */
export type Response = JsonObject & { readonly output: readonly JsonObject[] };

export function respond(id: string, reply: Reply, body: JsonObject): Response {
  const reasoning = reasoningFor(objectOf(body['reasoning'])['effort']);
  const isCut = reply.finish === 'length';
  const tier = body['service_tier'];
  return {
    id,
    object: 'response',
    created_at: CREATED,
    status: isCut ? 'incomplete' : 'completed',
    background: false,
    error: null,
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    model: stringOf(body['model']),
    output: [...reasoningItems(reply, reasoning), ...messageItems(reply), ...reply.toolCalls.map(callItem)],
    parallel_tool_calls: true,
    previous_response_id: body['previous_response_id'] ?? null,
    reasoning: body['reasoning'] ?? { effort: null, summary: null },
    service_tier: tier === undefined || tier === 'auto' ? 'default' : tier,
    store: body['store'] ?? true,
    temperature: body['temperature'] ?? 1,
    text: body['text'] ?? { format: { type: 'text' } },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: body['tools'] ?? [],
    top_p: body['top_p'] ?? 1,
    truncation: 'disabled',
    usage: responsesUsage(reply, reasoning),
    user: null,
    metadata: body['metadata'] ?? {},
  };
}

function reasoningItems({ id }: Reply, reasoning: string | undefined): JsonObject[] {
  if (reasoning === undefined) return [];
  return [{ id: `rs_${id}`, type: 'reasoning', summary: [{ type: 'summary_text', text: reasoning }] }];
}

function messageItems({ id, text, finish }: Reply): JsonObject[] {
  return [
    {
      id: `msg_${id}`,
      type: 'message',
      status: finish === 'length' ? 'incomplete' : 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', annotations: [], logprobs: [], text }],
    },
  ];
}

function callItem(call: ToolCall): JsonObject {
  const { id, name, input } = call;
  return {
    id: `fc_${id}`,
    type: 'function_call',
    status: 'completed',
    call_id: callId(call),
    name,
    arguments: JSON.stringify(input),
  };
}

/** The id by which the output of a tool refers to its call. */
export function callId({ id }: ToolCall): string {
  return `call_${id}`;
}
