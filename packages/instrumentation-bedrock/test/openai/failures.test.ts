/** Calls of OpenAI's SDK that fail, are retried, or end early, with each of its major versions. */

import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import type OpenAI from 'openai';
import { sameAsUntraced, until } from '../support/compare.js';
import {
  chatChunk,
  events,
  json,
  MESSAGES,
  MODEL,
  type OpenAiServer,
  type Reply,
  SDKS,
  startOpenAi,
} from '../support/openai.js';
import { collect, json as jsonOf, startTracing, type Tracing } from '../support/tracing.js';

interface Scenario {
  /** The server's answers, made anew for each run. */
  readonly replies?: () => Reply[];
  readonly options?: object;
  run(client: OpenAI): Promise<unknown>;
  /** Some of the attributes. Undefined: the call has none of the name. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isFailed?: boolean;
  /** The text of the answer, as far as it has arrived. */
  readonly text?: string;
}

const chat = { model: MODEL, messages: MESSAGES };
const SECOND = { 'retry-after-ms': '1' };
const ask = async (client: OpenAI): Promise<unknown> => client.chat.completions.create(chat);
const stream = async (client: OpenAI) => client.chat.completions.create({ ...chat, stream: true });
const read = async (client: OpenAI): Promise<unknown> => collect(await stream(client));
const limited = json({ error: { message: 'slow down', type: 'tokens', code: 'rate_limit_exceeded' } }, 429, SECOND);
const start = [chatChunk({ role: 'assistant', content: '' }), chatChunk({ content: 'Hi' })];
const cut = (): Reply => events(start, (response) => setImmediate(() => response.destroy()));
const hang = (): Reply => events(start, () => undefined);
const never: Reply = () => undefined;

/** What the application sees of a failure. */
async function viewOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return JSON.parse(JSON.stringify((await run()) ?? null));
  } catch (error) {
    const { name, message, cause, ...members } = error as Error & Record<string, unknown>;
    const { status, code, type, param, error: body } = members;
    const ofCause = (cause as Error | undefined)?.message;
    return { class: (error as Error).constructor.name, name, message, status, code, type, param, body, ofCause };
  }
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a refused request': {
    replies: () => [json({ error: { message: 'no', type: 'invalid_request_error', code: 'model_not_found' } }, 404)],
    run: ask,
    attributes: { 'error.type': 'model_not_found', 'http.response.status_code': 404, 'aws.request_id': 'request-1' },
    isFailed: true,
  },
  'an error without a code': {
    replies: () => [json({ error: { message: 'no', type: 'invalid_request_error', code: null } }, 400)],
    run: ask,
    attributes: { 'error.type': 'invalid_request_error', 'http.response.status_code': 400 },
    isFailed: true,
  },
  "an error in Bedrock's own form": {
    replies: () => [
      json({ Message: 'not allowed' }, 403, {
        'x-amzn-errortype': 'AccessDeniedException:http://internal.amazon.com/',
      }),
    ],
    run: ask,
    attributes: { 'error.type': 'AccessDeniedException', 'http.response.status_code': 403 },
    isFailed: true,
  },
  'an error without a body': {
    replies: () => [json('', 500)],
    options: { maxRetries: 0 },
    run: ask,
    attributes: { 'error.type': 'InternalServerError', 'http.response.status_code': 500 },
    isFailed: true,
  },
  'two retries, then an answer': {
    replies: () => [limited, limited],
    run: ask,
    attributes: {
      'error.type': undefined,
      'http.response.status_code': 200,
      'http.request.resend_count': 2,
      'gen_ai.usage.output_tokens': 7,
    },
    text: 'Hi there',
  },
  'a retry, then a stream': {
    replies: () => [limited],
    run: read,
    attributes: { 'error.type': undefined, 'http.request.resend_count': 1, 'gen_ai.usage.output_tokens': 7 },
    text: 'Hi there',
  },
  'retries without an answer': {
    replies: () => [limited, limited],
    options: { maxRetries: 1 },
    run: ask,
    attributes: {
      'error.type': 'rate_limit_exceeded',
      'http.response.status_code': 429,
      'http.request.resend_count': 1,
    },
    isFailed: true,
  },
  'a connection that is reset': {
    replies: () => [(response) => response.destroy()],
    options: { maxRetries: 0 },
    run: ask,
    attributes: { 'http.response.status_code': undefined },
    isFailed: true,
  },
  'a request that takes too long': {
    replies: () => [never],
    options: { maxRetries: 0, timeout: 50 },
    run: ask,
    attributes: { 'error.type': 'APIConnectionTimeoutError' },
    isFailed: true,
  },
  'a signal that is aborted before': {
    run: async (client) => client.chat.completions.create(chat, { signal: AbortSignal.abort() }),
    attributes: { 'error.type': 'AbortError' },
    isFailed: true,
  },
  'a signal that is aborted while the request waits': {
    replies: () => [never],
    run: async (client) => client.chat.completions.create(chat, { signal: AbortSignal.timeout(50) }),
    attributes: { 'error.type': 'TimeoutError' },
    isFailed: true,
  },
  'an answer that is no JSON': {
    replies: () => [json('{"id":')],
    run: ask,
    // The error of node-fetch in version 4 is a `FetchError`.
    attributes: { 'http.response.status_code': 200 },
    isFailed: true,
  },
  'an answer of another type': {
    replies: () => [json('<html></html>', 200, { 'content-type': 'text/html' })],
    run: ask,
    attributes: { 'error.type': undefined, 'mlflow.spanOutputs': undefined },
  },
  'a stream that the application leaves': {
    replies: () => [hang()],
    run: async (client) => {
      for await (const chunk of await stream(client)) if (chunk.choices[0]?.delta.content === 'Hi') break;
    },
    attributes: { 'gen_ai.usage.output_tokens': undefined },
    text: 'Hi',
  },
  'a stream whose controller the application aborts': {
    replies: () => [hang()],
    run: async (client) => {
      const chunks = await stream(client);
      for await (const chunk of chunks) if (chunk.choices[0]?.delta.content === 'Hi') chunks.controller.abort();
    },
    attributes: { 'gen_ai.usage.output_tokens': undefined },
    text: 'Hi',
  },
  'a stream whose signal is aborted': {
    replies: () => [hang()],
    run: async (client) => {
      const controller = new AbortController();
      const options = { signal: controller.signal };
      const chunks = await client.chat.completions.create({ ...chat, stream: true }, options);
      for await (const chunk of chunks) if (chunk.choices[0]?.delta.content === 'Hi') controller.abort();
    },
    attributes: { 'error.type': 'AbortError' },
    isFailed: true,
    text: 'Hi',
  },
  'a stream that is cut off': {
    replies: () => [cut()],
    run: read,
    attributes: { 'gen_ai.usage.output_tokens': undefined },
    isFailed: true,
    text: 'Hi',
  },
  'a stream without its last events': {
    replies: () => [events(start)],
    run: read,
    attributes: { 'error.type': 'incomplete_stream' },
    isFailed: true,
    text: 'Hi',
  },
  'an error in a stream': {
    replies: () => [events([...start, { error: { message: 'too much', code: 'server_error' } }], () => undefined)],
    run: read,
    attributes: { 'error.type': 'server_error', 'http.response.status_code': 200 },
    isFailed: true,
  },
  'a chunk that is no JSON': {
    replies: () => [events([...start, '{"choices":'], () => undefined)],
    options: { logLevel: 'off' },
    run: async (client) => {
      const { error } = console;
      // Version 4 writes what it could not read.
      console.error = () => undefined;
      return read(client).finally(() => {
        console.error = error;
      });
    },
    attributes: { 'error.type': 'SyntaxError' },
    isFailed: true,
    text: 'Hi',
  },
};

describe("failures of OpenAI's SDK on Bedrock", () => {
  let server: OpenAiServer;
  let tracing: Tracing;
  before(async () => {
    server = await startOpenAi();
  });
  after(() => server.close());
  beforeEach(() => {
    tracing = startTracing({ config: { openAIHosts: ['127.0.0.1'] } });
  });
  afterEach(() => tracing.close());

  async function lastSpan(): Promise<ReadableSpan> {
    await until(() => tracing.spans().length > 0);
    expect(tracing.spans()).to.have.lengthOf(1);
    return tracing.spans()[0] as ReadableSpan;
  }

  for (const [version, sdk] of Object.entries(SDKS)) {
    describe(`with version ${version}`, () => {
      beforeEach(() => tracing.instrumentation.manuallyInstrument(sdk));

      for (const [name, { replies, options, run, attributes, isFailed = false, text }] of Object.entries(SCENARIOS)) {
        it(`gives the application the same, and records it: ${name}`, async () => {
          const client = new sdk.OpenAI({ apiKey: 'key', baseURL: server.url, ...options });
          await sameAsUntraced(tracing, () => {
            server.replies.splice(0, Number.POSITIVE_INFINITY, ...(replies?.() ?? []));
            return viewOf(() => run(client));
          });
          const span = await lastSpan();
          for (const [key, value] of Object.entries(attributes)) expect(span.attributes[key], key).to.equal(value);
          expect(span.status.code).to.equal(isFailed ? 2 : 0);
          if (isFailed) expect(span.attributes['error.type']).to.match(/^[A-Za-z_]{4,}$/);
          if (text !== undefined) {
            const parts = [{ type: 'text', content: text }];
            expect(jsonOf(span, 'gen_ai.output.messages')).to.have.deep.nested.property('[0].parts', parts);
          }
        });
      }

      it('names the reason of Node.js if the connection is refused', async () => {
        const closed = await startOpenAi();
        await closed.close();
        const client = new sdk.OpenAI({ apiKey: 'key', baseURL: closed.url, maxRetries: 0 });
        await sameAsUntraced(tracing, () => viewOf(() => ask(client)));
        expect((await lastSpan()).attributes['error.type']).to.equal('ECONNREFUSED');
      });

      for (const [name, drop] of Object.entries({
        'a stream': async (client: OpenAI): Promise<void> => void (await stream(client)),
        'a response': async (client: OpenAI): Promise<void> =>
          void (await client.chat.completions.create(chat).asResponse()),
      })) {
        // Garbage collection is slow, and the versions between them have the same streams.
        if (version === '4' || version === '7') {
          it(`ends the span of ${name} that the application never reads`, async () => {
            await drop(new sdk.OpenAI({ apiKey: 'key', baseURL: server.url }));
            expect(tracing.spans()).to.deep.equal([]);
            await until(() => {
              global.gc?.();
              return tracing.spans().length > 0;
            });
            expect((await lastSpan()).status.code).to.equal(0);
          });
        }

        it(`ends the span of ${name} that is not read yet if the instrumentation is disabled`, async () => {
          const client = new sdk.OpenAI({ apiKey: 'key', baseURL: server.url });
          const kept = await drop(client);
          tracing.instrumentation.disable();
          expect(kept).to.equal(undefined);
          expect((await lastSpan()).status.code).to.equal(0);
        });
      }
    });
  }

  it('has a span of its own for the retry of an answer that does not end in time, which version 7 makes', async () => {
    tracing.instrumentation.manuallyInstrument(SDKS[7]);
    const client = new SDKS[7].OpenAI({ apiKey: 'key', baseURL: server.url, maxRetries: 1, timeout: 300 });
    server.replies.push((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"id":');
    });
    await ask(client);
    expect(tracing.spans().map(({ status }) => status.code)).to.deep.equal([2, 0]);
    expect(tracing.spans()[1]?.attributes).to.include({ 'gen_ai.usage.output_tokens': 7 });
  });
});
