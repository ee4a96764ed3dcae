/** Calls of every operation of OpenAI's API, with a text of the test in every place that can have one. */

import type { SimulatedResponse } from 'bedrock-simulator';
import type OpenAI from 'openai';
import { collect } from './tracing.js';

export type Word = () => string;

/** Bodies of every operation, with a text of `word` in every place that can have one. */
const REQUESTS: Readonly<Record<string, (word: Word) => object>> = {
  '/responses': (word) => ({
    ...{ model: word(), instructions: word(), user: word(), safety_identifier: word(), service_tier: word() },
    ...{ previous_response_id: word(), conversation: { id: word() }, prompt_cache_key: word(), truncation: word() },
    prompt: { id: word(), version: word(), variables: { [word()]: word() } },
    reasoning: { effort: word(), summary: word() },
    text: { format: { type: 'json_schema', name: word(), schema: { title: word() } }, verbosity: word() },
    tool_choice: { type: 'function', name: word() },
    metadata: { [word()]: word() },
    tools: [
      { type: 'function', name: word(), description: word(), parameters: { properties: { [word()]: {} } } },
      { type: 'mcp', server_label: word(), server_url: `https://a.example/${word()}`, authorization: word() },
      { type: word(), name: word(), [word()]: word() },
    ],
    input: [...items(word), { role: word(), content: word() }],
  }),
  '/chat/completions': (word) => ({
    ...{ model: word(), stop: [word()], user: word(), service_tier: word(), reasoning_effort: word() },
    messages: [
      {
        role: word(),
        name: word(),
        content: [
          { type: 'text', text: word() },
          { type: word(), [word()]: word() },
        ],
      },
      { role: 'tool', tool_call_id: word(), content: word() },
    ],
    tools: [{ type: 'function', function: { name: word(), description: word(), parameters: { [word()]: word() } } }],
    response_format: { type: word(), json_schema: { name: word() } },
  }),
  '/completions': (word) => ({ model: word(), prompt: word(), suffix: word(), stop: word() }),
  '/embeddings': (word) => ({ model: word(), input: [word(), word()], encoding_format: word(), user: word() }),
};

function items(word: Word): object[] {
  const text = { type: 'output_text', text: word(), annotations: [{ type: 'url_citation', title: word() }] };
  return [
    { type: 'message', id: word(), role: 'assistant', content: [text, { type: 'refusal', refusal: word() }] },
    { type: 'reasoning', id: word(), summary: [{ type: 'summary_text', text: word() }], encrypted_content: word() },
    {
      type: 'function_call',
      id: word(),
      call_id: word(),
      name: word(),
      arguments: JSON.stringify({ [word()]: word() }),
    },
    { type: 'function_call_output', call_id: word(), output: word() },
    { type: 'custom_tool_call', call_id: word(), name: word(), input: word() },
    { type: 'mcp_call', id: word(), name: word(), arguments: word(), error: word(), server_label: word() },
    { type: 'web_search_call', id: word(), status: word(), action: { query: word(), [word()]: word() } },
    { type: 'image_generation_call', id: word(), result: word(), output_format: word(), revised_prompt: word() },
    { type: word(), [word()]: word() },
  ];
}

const response = (word: Word, status: string): object => ({
  ...{ id: word(), object: 'response', model: word(), status, service_tier: word(), instructions: word() },
  ...{ output: items(word), tools: [{ type: word(), [word()]: word() }], metadata: { [word()]: word() } },
  incomplete_details: { reason: word() },
  usage: { input_tokens: 7, output_tokens: 3 },
});

const choice = (word: Word, member: string): object => ({
  ...{ index: 0, finish_reason: word(), logprobs: { content: [{ token: word() }] } },
  [member]: {
    ...{ role: 'assistant', content: word(), reasoning: word(), refusal: word(), [word()]: word() },
    tool_calls: [{ index: 0, id: word(), type: 'function', function: { name: word(), arguments: word() } }],
  },
});

const head = (word: Word): object => ({
  ...{ id: word(), model: word(), service_tier: word(), system_fingerprint: word(), [word()]: word() },
  usage: { prompt_tokens: 7, completion_tokens: 3 },
});

/** Answers of every operation: whole ones, and events of a stream. */
const ANSWERS: Readonly<Record<string, (word: Word) => readonly (object | readonly object[])[]>> = {
  '/responses': (word) => [
    response(word, 'incomplete'),
    { ...response(word, 'failed'), error: { code: word(), message: word(), [word()]: word() } },
    [
      { type: 'response.created', response: response(word, 'in_progress') },
      ...items(word).map((item, output_index) => ({ type: 'response.output_item.added', output_index, item })),
      { type: 'response.output_text.delta', output_index: 20, content_index: 0, delta: word() },
      { type: 'response.function_call_arguments.delta', output_index: 21, delta: word() },
      { type: word(), output_index: 22, [word()]: word() },
      { type: 'error', code: word(), message: word(), param: word() },
    ],
    [{ type: 'response.completed', response: response(word, word()) }],
  ],
  '/chat/completions': (word) => [
    { ...head(word), choices: [choice(word, 'message')] },
    [{ ...head(word), choices: [choice(word, 'delta')] }, { error: { code: word(), message: word(), type: word() } }],
  ],
  '/completions': (word) => [
    { ...head(word), choices: [{ index: 0, text: word(), finish_reason: word() }] },
    [{ ...head(word), choices: [{ index: 0, text: word(), [word()]: word() }] }],
  ],
  '/embeddings': (word) => [{ ...head(word), data: [{ index: 0, embedding: [0.5], [word()]: word() }] }],
};

/**
 * Makes a call for each answer, and one for each operation that is refused.
 *
 * @param answerWith sets the next answer of the endpoint.
 * @returns how many.
 */
export async function callOpenAi(
  client: OpenAI,
  answerWith: (answer: SimulatedResponse) => void,
  word: Word,
): Promise<number> {
  let count = 0;
  for (const [path, answers] of Object.entries(ANSWERS)) {
    const refusal = { error: { code: word(), message: word(), type: word(), param: word() } };
    for (const body of [...answers(word), undefined]) {
      answerWith(body ? simulated(body) : { status: 400, body: refusal });
      count++;
      await post(client, path, { ...REQUESTS[path]?.(word), stream: Array.isArray(body) }).catch(() => undefined);
    }
  }
  return count;
}

function simulated(body: object): SimulatedResponse {
  if (!Array.isArray(body)) return { body };
  const events = body.map((event) => Buffer.from(`data: ${JSON.stringify(event)}\n\n`));
  return { headers: { 'content-type': 'text/event-stream' }, events };
}

async function post(client: OpenAI, path: string, body: { stream: boolean }): Promise<void> {
  const answer = await client.post(path, { body, stream: body.stream });
  if (body.stream) await collect(answer as AsyncIterable<unknown>);
}
