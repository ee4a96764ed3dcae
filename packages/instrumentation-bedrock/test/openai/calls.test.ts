/** Calls of OpenAI's SDK on Bedrock, with each of its major versions: what the application sees, and what is recorded. */

import { expect } from 'chai';
import type OpenAI from 'openai';
import { sameAsUntraced } from '../support/compare.js';
import { MESSAGES, MODEL, type OpenAiServer, SDKS, startOpenAi, WEATHER } from '../support/openai.js';
import { collect, json, startTracing, type Tracing } from '../support/tracing.js';

const USAGE = {
  'gen_ai.usage.input_tokens': 11,
  'gen_ai.usage.output_tokens': 7,
  'gen_ai.usage.cache_read.input_tokens': 5,
  'gen_ai.usage.reasoning.output_tokens': 3,
};
const ANSWER = [{ role: 'assistant', parts: [{ type: 'text', content: 'Hi there' }], finish_reason: 'stop' }];

interface Scenario {
  /** Returns what the application sees. */
  run(client: OpenAI): Promise<unknown>;
  /** Some of the attributes of each span. Default: one span with the usage of the answer. */
  readonly spans?: readonly object[];
  /** The messages of the last span's answer. Default: its text. */
  readonly answer?: unknown;
}

const chat = { model: MODEL, messages: MESSAGES };
const rounded = (response: Response): unknown => [response.status, response.headers.get('x-request-id')];
const schema = { type: 'json_schema', json_schema: { name: 'city', schema: { type: 'object' } } } as const;
const toolCall = { 'gen_ai.response.finish_reasons': ['tool_calls'] };
const completions = (client: OpenAI): OpenAI['chat']['completions'] =>
  // Version 4 has the helpers among its beta features.
  (client.beta as unknown as { chat?: OpenAI['chat'] }).chat?.completions ?? client.chat.completions;
const runner = (client: OpenAI) => {
  const weather = {
    ...WEATHER.function,
    parse: JSON.parse,
    function: (input: { city: string }) => `${input.city}: sun`,
  };
  const tools = [{ type: 'function', function: weather }];
  return completions(client).runTools({ ...chat, tools: tools as never });
};

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a chat completion': { run: async (client) => client.chat.completions.create(chat) },
  'withResponse()': {
    run: async (client) => {
      const { data, response } = await client.chat.completions.create(chat).withResponse();
      return [data, rounded(response)];
    },
  },
  'asResponse() and json()': {
    run: async (client) => {
      const response = await client.chat.completions.create(chat).asResponse();
      return [rounded(response), Object.keys(response), await response.json(), response.bodyUsed];
    },
  },
  'asResponse() and text()': {
    run: async (client) => (await client.chat.completions.create(chat).asResponse()).text(),
  },
  'asResponse() and arrayBuffer()': {
    run: async (client) => {
      const response = await client.chat.completions.create(chat).asResponse();
      return Buffer.from(await response.arrayBuffer()).toString();
    },
  },
  'asResponse() and the body': {
    run: async (client) => {
      const { body } = await client.chat.completions.create(chat).asResponse();
      return Buffer.concat(await collect(body as AsyncIterable<Uint8Array>)).toString();
    },
  },
  'a chat completion that is awaited twice': {
    run: async (client) => {
      const promise = client.chat.completions.create(chat);
      const first = await promise;
      return [first, first === (await promise)];
    },
  },
  'parse()': {
    run: async (client) => completions(client).parse({ ...chat, response_format: schema }),
    answer: [{ ...ANSWER[0], parts: [{ type: 'text', content: '{"city":"Rome"}' }] }],
  },
  'runTools()': {
    run: async (client) => {
      const running = runner(client);
      return [await running.finalContent(), running.messages];
    },
    spans: [{ ...USAGE, ...toolCall }, USAGE],
  },
  'a streamed chat completion': {
    run: async (client) => collect(await client.chat.completions.create({ ...chat, stream: true })),
  },
  'a streamed chat completion withResponse()': {
    run: async (client) => {
      const { data, response } = await client.chat.completions.create({ ...chat, stream: true }).withResponse();
      return [rounded(response), await collect(data)];
    },
  },
  'a streamed chat completion as a Response': {
    run: async (client) => (await client.chat.completions.create({ ...chat, stream: true }).asResponse()).text(),
  },
  'tee() of a stream': {
    run: async (client) => {
      const [left, right] = (await client.chat.completions.create({ ...chat, stream: true })).tee();
      return Promise.all([collect(left), collect(right)]);
    },
  },
  'toReadableStream() of a stream': {
    run: async (client) => {
      const stream = await client.chat.completions.create({ ...chat, stream: true });
      return Buffer.concat(await collect(stream.toReadableStream() as AsyncIterable<Uint8Array>)).toString();
    },
  },
  'the helper stream()': {
    run: async (client) => {
      const stream = completions(client).stream({ ...chat, stream: true });
      const contents: string[] = [];
      stream.on('content', (delta) => contents.push(delta));
      return [await stream.finalChatCompletion(), contents];
    },
  },
  'a response': { run: async (client) => client.responses.create({ model: MODEL, input: 'Hello' }) },
  'parse() of a response': {
    run: async (client) => client.responses.parse({ model: MODEL, input: 'Hello' }),
  },
  'a streamed response': {
    run: async (client) => collect(await client.responses.create({ model: MODEL, input: 'Hello', stream: true })),
  },
  'the helper stream() of responses': {
    run: async (client) => client.responses.stream({ model: MODEL, input: 'Hello' }).finalResponse(),
  },
  'a text completion': {
    run: async (client) => client.completions.create({ model: MODEL, prompt: 'Hello' }),
    spans: [{ 'gen_ai.usage.input_tokens': 11, 'gen_ai.usage.output_tokens': 7 }],
  },
  embeddings: {
    run: async (client) => client.embeddings.create({ model: MODEL, input: 'Hello' }),
    spans: [{ 'gen_ai.usage.input_tokens': 4, 'gen_ai.operation.name': 'embeddings' }],
    answer: undefined,
  },
  'a call by the path': {
    run: async (client) => client.post('/chat/completions', { body: chat }),
  },
  'a request that is not of an inference': { run: async (client) => collect(await client.models.list()), spans: [] },
  'many calls at once': {
    run: async (client) => Promise.all(Array.from({ length: 5 }, () => client.chat.completions.create(chat))),
    spans: [USAGE, USAGE, USAGE, USAGE, USAGE],
  },
};

describe("calls of OpenAI's SDK on Bedrock", () => {
  let server: OpenAiServer;
  let tracing: Tracing;
  before(async () => {
    server = await startOpenAi();
  });
  after(() => server.close());
  beforeEach(() => {
    tracing = startTracing({ config: { openAIHosts: [new URL(server.url).host] } });
  });
  afterEach(() => tracing.close());

  for (const [version, sdk] of Object.entries(SDKS)) {
    describe(`with version ${version}`, () => {
      let client: OpenAI;
      beforeEach(() => {
        tracing.instrumentation.manuallyInstrument(sdk);
        client = new sdk.OpenAI({ apiKey: 'key', baseURL: server.url });
      });

      for (const [name, scenario] of Object.entries(SCENARIOS)) {
        it(`gives the application the same, and records it: ${name}`, async () => {
          await sameAsUntraced(tracing, async () => JSON.parse(JSON.stringify(await scenario.run(client))));
          const spans = tracing.spans();
          const expected = scenario.spans ?? [USAGE];
          expect(spans).to.have.lengthOf(expected.length);
          for (const [at, attributes] of expected.entries()) {
            expect(spans[at]?.attributes).to.deep.include({
              'gen_ai.provider.name': 'aws.bedrock',
              'gen_ai.request.model': MODEL,
              'gen_ai.response.model': MODEL,
              'server.address': '127.0.0.1',
              'server.port': Number(new URL(server.url).port),
              'http.response.status_code': 200,
              'aws.request_id': 'request-1',
              ...attributes,
            });
            expect(spans[at]?.attributes).to.not.have.any.keys('error.type', 'http.request.resend_count');
          }
          const last = spans.at(-1);
          if (last && !('answer' in scenario)) expect(json(last, 'gen_ai.output.messages')).to.deep.equal(ANSWER);
          if (last && scenario.answer) expect(json(last, 'gen_ai.output.messages')).to.deep.equal(scenario.answer);
        });
      }
    });
  }
});
