/** What is recorded of calls of OpenAI's SDK besides their answers: hosts, content, context, metrics, hooks. */

import { context, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { expect } from 'chai';
import type OpenAI from 'openai';
import { isModelHost } from '../../src/data/bedrock-hosts.js';
import { BedrockInstrumentation, type BedrockInstrumentationConfig } from '../../src/index.js';
import { events, json, MESSAGES, MODEL, type OpenAiServer, SDKS, startOpenAi, WEATHER } from '../support/openai.js';
import { collect, startTracing, type Tracing, type TracingOptions } from '../support/tracing.js';

const sdk = SDKS[7];
const chat = { model: MODEL, messages: MESSAGES };

describe("the recording of OpenAI's SDK", () => {
  let server: OpenAiServer;
  let host: string;
  let tracing: Tracing | undefined;
  before(async () => {
    server = await startOpenAi();
    ({ host } = new URL(server.url));
  });
  after(() => server.close());
  afterEach(async () => {
    await tracing?.close();
    tracing = undefined;
  });

  function traced(config: BedrockInstrumentationConfig = {}, options: TracingOptions = {}): Tracing {
    tracing = startTracing({ config: { openAIHosts: [host], ...config }, ...options });
    for (const version of Object.values(SDKS)) tracing.instrumentation.manuallyInstrument(version);
    return tracing;
  }
  const createClient = (options: object = {}): OpenAI =>
    new sdk.OpenAI({ apiKey: 'key', baseURL: server.url, maxRetries: 0, ...options });

  describe('of hosts', () => {
    const isBedrock = (address: string): boolean => isModelHost({ address, port: 443 });

    it('knows the endpoints of AWS', () => {
      for (const name of [
        'bedrock-runtime.us-east-1.amazonaws.com',
        'bedrock-mantle.us-west-2.api.aws',
        'bedrock-runtime-fips.us-gov-west-1.amazonaws.com',
        'bedrock-runtime.eu-central-1.api.aws',
        'bedrock-runtime.cn-north-1.amazonaws.com.cn',
        'vpce-0a1b2c-3d4e.bedrock-runtime.us-east-1.vpce.amazonaws.com',
      ]) {
        expect(isBedrock(name), name).to.equal(true);
      }
    });

    it('knows no others', () => {
      for (const name of [
        'api.openai.com',
        'bedrock.us-east-1.amazonaws.com',
        'bedrock-runtime.us-east-1.amazonaws.com.example.com',
        'bedrock-runtime.example.com',
        'bedrock-agent-runtime.us-east-1.amazonaws.com',
        'mantle.us-east-1.api.aws',
      ]) {
        expect(isBedrock(name), name).to.equal(false);
      }
    });

    it('leaves clients of other hosts alone', async () => {
      const { spans } = traced({ openAIHosts: ['localhost:1', 'gateway.example.com'] });
      await createClient().chat.completions.create(chat);
      await collect(await createClient().chat.completions.create({ ...chat, stream: true }));
      expect(spans()).to.deep.equal([]);
    });

    for (const hosts of [['127.0.0.1'], ['LOCALHOST', '127.0.0.1']]) {
      it(`traces clients of ${hosts.join(' and ')}, whatever their port is`, async () => {
        const { spans } = traced({ openAIHosts: hosts });
        await createClient().chat.completions.create(chat);
        expect(spans()).to.have.lengthOf(1);
      });
    }

    it("traces the SDK's own clients for Bedrock on any host", async () => {
      const { spans } = traced({ openAIHosts: [] });
      const { bedrock } = await import('openai/providers/bedrock');
      const provider = bedrock({ apiKey: 'key', baseURL: server.url });
      await new sdk.OpenAI({ provider }).chat.completions.create(chat);
      for (const { BedrockOpenAI } of [SDKS[6], SDKS[7]]) {
        const client = new BedrockOpenAI({ apiKey: 'key', baseURL: server.url });
        await client.responses.create({ model: MODEL, input: 'Hello' });
        expect(await client.responses.stream({ model: MODEL, input: 'Hello' }).finalResponse()).to.include({
          output_text: 'Hi there',
        });
      }
      expect(spans()).to.have.lengthOf(5);
    });

    it('follows a client that gets another base URL', async () => {
      const { spans } = traced();
      const client = createClient({ baseURL: server.url.replace('127.0.0.1', 'localhost') });
      await client.chat.completions.create(chat);
      expect(spans()).to.deep.equal([]);
      client.baseURL = server.url;
      await client.chat.completions.create(chat);
      expect(spans()).to.have.lengthOf(1);
    });
  });

  describe('of content', () => {
    const secret = 'the canary sings';
    const call = async (client: OpenAI): Promise<void> => {
      const tools = [{ ...WEATHER, function: { ...WEATHER.function, description: secret } }];
      const messages = [{ role: 'user' as const, content: secret }];
      await client.chat.completions.create({ ...chat, messages, tools });
      await client.responses.create({ model: MODEL, input: secret, instructions: secret });
      await client.embeddings.create({ model: MODEL, input: secret });
      const chunk = { choices: [{ index: 0, delta: { content: secret }, finish_reason: null }] };
      server.replies.push(events([chunk, { error: { message: secret, code: secret } }]));
      await collect(await client.chat.completions.create({ ...chat, stream: true })).catch(() => undefined);
      server.replies.push(json({ error: { message: secret, type: secret, code: secret } }, 400));
      await client.chat.completions.create(chat).catch(() => undefined);
      server.replies.push((response) => response.destroy());
      await client.chat.completions.create(chat).catch(() => undefined);
    };

    it('is everything that is said, by default', async () => {
      const { spans } = traced();
      await call(createClient());
      const recorded = spans().map(({ attributes, events: ofSpan, status }) =>
        JSON.stringify([attributes, ofSpan, status]),
      );
      // The last call has no words but those of its request.
      expect(recorded.map((text) => text.includes('canary'))).to.deep.equal([...Array(5).fill(true), false]);
    });

    it('is nothing if content is off', async () => {
      const { spans, events: logged } = traced({ captureMessageContent: false });
      await call(createClient());
      expect(spans()).to.have.lengthOf(6);
      const recorded = spans().map(({ name, attributes, events: ofSpan, status }) => ({
        name,
        attributes,
        ofSpan,
        status,
      }));
      expect(JSON.stringify([recorded, logged()])).to.not.include('canary');
      expect(recorded.map(({ attributes }) => attributes['error.type'])).to.deep.equal([
        ...Array(3).fill(undefined),
        '_OTHER',
        'BadRequestError',
        'UND_ERR_SOCKET',
      ]);
    });
  });

  describe('in its context', () => {
    it('is the parent of what the SDK does for a request, and a child of the caller', async () => {
      const { spans, provider } = traced();
      const tracer = provider.getTracer('test');
      const client = createClient({
        fetch: (url: string, init: object) => {
          tracer.startSpan('fetch').end();
          return fetch(url, init);
        },
      });
      await tracer.startActiveSpan('caller', async (span) => {
        await client.chat.completions.create(chat);
        span.end();
      });
      const [inner, call, caller] = spans();
      expect(inner?.parentSpanContext?.spanId).to.equal(call?.spanContext().spanId);
      expect(call?.parentSpanContext?.spanId).to.equal(caller?.spanContext().spanId);
    });

    it('keeps the context of the application where its code runs', async () => {
      const { provider } = traced();
      await provider.getTracer('test').startActiveSpan('caller', async (span) => {
        await client().chat.completions.create(chat);
        expect(trace.getSpan(context.active())).to.equal(span);
        for await (const _ of await client().chat.completions.create({ ...chat, stream: true })) {
          expect(trace.getSpan(context.active())).to.equal(span);
        }
        span.end();
      });
      function client(): OpenAI {
        return createClient();
      }
    });

    it('suppresses the spans beneath if the option asks for it, also those of a retry', async () => {
      const { spans } = traced({ suppressInternalInstrumentation: true });
      const suppressed: boolean[] = [];
      const client = createClient({
        maxRetries: 1,
        fetch: (url: string, init: object) => {
          suppressed.push(isTracingSuppressed(context.active()));
          return fetch(url, init);
        },
      });
      server.replies.push(json({}, 500, { 'retry-after-ms': '1' }));
      await client.chat.completions.create(chat);
      expect(suppressed).to.deep.equal([true, true]);
      expect(spans()).to.have.lengthOf(1);
      expect(spans()[0]?.attributes['http.request.resend_count']).to.equal(1);
    });

    it('has a span of its own for a call within the request of another', async () => {
      const { spans } = traced();
      const inner = createClient();
      const client = createClient({
        fetch: async (url: string, init: object) => {
          await inner.embeddings.create({ model: MODEL, input: 'Hello' });
          return fetch(url, init);
        },
      });
      await client.chat.completions.create(chat);
      expect(spans().map(({ name }) => name)).to.deep.equal([`embeddings ${MODEL}`, `chat ${MODEL}`]);
      expect(spans()[1]?.attributes).to.not.have.property('http.request.resend_count');
    });
  });

  it('has one span and one count of tokens with two instrumentations', async () => {
    const { spans, metrics, instrumentation } = traced({}, { withMetrics: true });
    const second = new BedrockInstrumentation({ openAIHosts: [host] });
    second.manuallyInstrument(sdk);
    second.disable();
    await createClient().chat.completions.create(chat);
    await collect(await createClient().chat.completions.create({ ...chat, stream: true }));
    expect(spans()).to.have.lengthOf(2);
    const tokens = (await metrics()).get('gen_ai.client.token.usage');
    const sums = tokens?.map(({ attributes, value }) => [
      attributes['gen_ai.token.type'],
      attributes['gen_ai.provider.name'],
      (value as { sum: number }).sum,
    ]);
    expect(sums).to.deep.equal([
      ['input', 'aws.bedrock', 22],
      ['output', 'aws.bedrock', 14],
    ]);
    expect(instrumentation.isEnabled()).to.equal(true);
  });

  it('reads the guardrail and the tags that a request asks for in its headers', async () => {
    const { spans } = traced();
    const defaultHeaders = { 'X-Amzn-Bedrock-GuardrailIdentifier': 'gr1234567890', Authorization: 'Bearer secret' };
    const headers = { 'X-Amzn-Bedrock-GuardrailVersion': '2' };
    await createClient({ defaultHeaders }).chat.completions.create(chat, { headers });
    expect(spans()[0]?.attributes).to.include({
      'aws.bedrock.guardrail.id': 'gr1234567890',
      'aws.bedrock.guardrail.version': '2',
    });
    expect(JSON.stringify(spans()[0]?.attributes)).to.not.include('secret');
  });

  it('runs the hooks with the body of the request and the answer', async () => {
    const seen: unknown[] = [];
    traced({
      requestHook: (_span, { operation, modelId, input }) => seen.push([operation, modelId, input]),
      responseHook: (_span, { output }) => seen.push((output as { id: string }).id),
    });
    await createClient().chat.completions.create(chat);
    expect(seen).to.deep.equal([['chat.completions', MODEL, chat], 'chat-1']);
  });
});
