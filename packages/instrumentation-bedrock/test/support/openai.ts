/** A server with OpenAI's API, whose answers a test can replace one by one, and the versions of OpenAI's SDK. */

import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type OpenAI from 'openai';
import { listen } from 'testing/http-server.js';

const require = createRequire(import.meta.url);

/** The exports of a version of the SDK. All have the members of the newest that the tests use. */
export type Sdk = typeof import('openai');

/**
 * The CommonJS copies of all supported major versions. They are loaded before any test runs: OpenTelemetry's module hooks
 * run for every file of a package, once for each instrumentation that ever existed.
 */
export const SDKS: Readonly<Record<4 | 5 | 6 | 7, Sdk>> = {
  4: require('openai-4'),
  5: require('openai-5'),
  6: require('openai-6'),
  7: require('openai'),
};

export const MODEL = 'openai.gpt-oss-20b-1:0';
export const MESSAGES: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello' }];
export const WEATHER: OpenAI.ChatCompletionFunctionTool = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

export type Reply = (response: ServerResponse, received: Received) => void;

export interface OpenAiServer {
  /** The base URL for clients. */
  readonly url: string;
  readonly received: Received[];
  /** The answers to the next requests. Later requests get the usual ones. */
  readonly replies: Reply[];
  close(): Promise<void>;
}

export async function startOpenAi(): Promise<OpenAiServer> {
  const received: Received[] = [];
  const replies: Reply[] = [];
  const server = await listen((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString();
      const got = { path: request.url ?? '', headers: request.headers, body: text === '' ? {} : JSON.parse(text) };
      received.push(got);
      (replies.shift() ?? usualReply)(response, got);
    });
  });
  return { url: `${server.url}/openai/v1`, received, replies, close: server.close };
}

const USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
const DETAILS = {
  prompt_tokens_details: { cached_tokens: 5 },
  completion_tokens_details: { reasoning_tokens: 3 },
};
const RESPONSE_USAGE = {
  input_tokens: 11,
  input_tokens_details: { cached_tokens: 5 },
  output_tokens: 7,
  output_tokens_details: { reasoning_tokens: 3 },
  total_tokens: 18,
};
const TOOL_CALL = { id: 'call-1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } };

/** Writes an answer in JSON. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'request-1', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Writes server-sent events, and ends the answer unless `ending` does something else. */
export function events(
  chunks: readonly unknown[],
  ending: (response: ServerResponse) => void = (response) => response.end(),
): Reply {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'request-1' });
    for (const chunk of chunks) {
      const type = (chunk as { type?: string }).type;
      const name = type === undefined ? '' : `event: ${type}\n`;
      response.write(`${name}data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`);
    }
    ending(response);
  };
}

export const chatChunk = (delta: object, others: object = {}, choice: object = {}): object => ({
  id: 'chat-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: MODEL,
  choices: [{ index: 0, delta, finish_reason: null, ...choice }],
  ...others,
});

/** The chunks of a chat completion, with the texts in the order of the stream. */
export function chatChunks(texts: readonly string[] = ['Hi', ' there']): unknown[] {
  return [
    chatChunk({ role: 'assistant', content: '' }),
    ...texts.map((content) => chatChunk({ content })),
    chatChunk({}, {}, { finish_reason: 'stop' }),
    { ...chatChunk({}), choices: [], usage: { ...USAGE, ...DETAILS } },
    '[DONE]',
  ];
}

const chat = (message: object, finishReason: string): object => ({
  id: 'chat-1',
  object: 'chat.completion',
  created: 1,
  model: MODEL,
  choices: [{ index: 0, message: { role: 'assistant', refusal: null, ...message }, finish_reason: finishReason }],
  usage: { ...USAGE, ...DETAILS },
});

const response = (status: string): object => ({
  id: 'resp-1',
  object: 'response',
  created_at: 1,
  model: MODEL,
  status,
  output: [
    {
      id: 'msg-1',
      type: 'message',
      role: 'assistant',
      status,
      content: [{ type: 'output_text', text: 'Hi there', annotations: [] }],
    },
  ],
  usage: RESPONSE_USAGE,
});

function responseEvents(): unknown[] {
  const part = { item_id: 'msg-1', output_index: 0, content_index: 0 };
  const item = { id: 'msg-1', type: 'message', role: 'assistant', status: 'in_progress', content: [] };
  const created = { ...response('in_progress'), output: [], usage: null };
  const text = { type: 'output_text', text: '', annotations: [] };
  return [
    { type: 'response.created', response: created, sequence_number: 0 },
    { type: 'response.output_item.added', output_index: 0, item, sequence_number: 1 },
    { type: 'response.content_part.added', ...part, part: text, sequence_number: 2 },
    { type: 'response.output_text.delta', ...part, delta: 'Hi', logprobs: [], sequence_number: 3 },
    { type: 'response.output_text.delta', ...part, delta: ' there', logprobs: [], sequence_number: 4 },
    { type: 'response.output_text.done', ...part, text: 'Hi there', logprobs: [], sequence_number: 5 },
    { type: 'response.completed', response: response('completed'), sequence_number: 6 },
  ];
}

const usualReply: Reply = (out, received) => {
  const { path, body } = received;
  const streamed = body['stream'] === true;
  const tools = body['tools'] as unknown[] | undefined;
  const last = (body['messages'] as { role: string }[] | undefined)?.at(-1);
  if (path.endsWith('/chat/completions')) {
    if (streamed) events(chatChunks())(out, received);
    else if (tools && last?.role !== 'tool')
      json(chat({ content: null, tool_calls: [TOOL_CALL] }, 'tool_calls'))(out, received);
    else if (body['response_format']) json(chat({ content: '{"city":"Rome"}' }, 'stop'))(out, received);
    else json(chat({ content: 'Hi there' }, 'stop'))(out, received);
  } else if (path.endsWith('/completions')) {
    const choice = { index: 0, text: 'Hi there', finish_reason: 'stop', logprobs: null };
    json({ id: 'text-1', object: 'text_completion', model: MODEL, choices: [choice], usage: USAGE })(out, received);
  } else if (path.endsWith('/responses')) {
    if (streamed) events(responseEvents())(out, received);
    else json(response('completed'))(out, received);
  } else if (path.endsWith('/embeddings')) {
    const vector = [0.25, -1, 0.5];
    const embedding =
      body['encoding_format'] === 'base64' ? Buffer.from(new Float32Array(vector).buffer).toString('base64') : vector;
    const usage = { prompt_tokens: 4, total_tokens: 4 };
    json({ object: 'list', model: MODEL, data: [{ object: 'embedding', index: 0, embedding }], usage })(out, received);
  } else {
    json({ object: 'list', data: [{ id: MODEL, object: 'model' }] })(out, received);
  }
};
