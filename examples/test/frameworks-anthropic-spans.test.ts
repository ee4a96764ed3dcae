/** What `anthropicMiddleware` adds to the spans of Anthropic's SDK, and what the application sees with it. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { context, type DiagLogger, DiagLogLevel, diag, propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { client, MODEL, mantleClient } from '../frameworks/test/anthropic-applications.js';

const QUESTION = { role: 'user' as const, content: 'What is the capital of France?' };
const REQUEST = { model: MODEL, max_tokens: 50, temperature: 0.2, messages: [QUESTION] };
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('anthropicMiddleware', () => {
  let simulator: Simulator;
  let provider: NodeTracerProvider;
  const memory = new InMemorySpanExporter();
  before(async () => {
    simulator = await startSimulator();
    provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
    provider.register();
  });
  beforeEach(() => memory.reset());
  afterEach(() => diag.disable());
  after(async () => {
    await provider.shutdown();
    trace.disable();
    context.disable();
    propagation.disable();
    await simulator.close();
  });

  const span = (): ReadableSpan => {
    const [only, ...more] = memory.getFinishedSpans();
    return only && more.length === 0 ? only : expect.fail(`${more.length + (only ? 1 : 0)} spans`);
  };
  const inputs = () => JSON.parse(String(span().attributes['mlflow.spanInputs'])) as Record<string, unknown>;
  const outputs = () => JSON.parse(String(span().attributes['mlflow.spanOutputs'])) as Record<string, unknown>;

  it('records system prompt, tools and images of a request, its parameters and its answer', async () => {
    const request = {
      ...REQUEST,
      system: 'You know all capitals.',
      tools: [{ name: 'get_map', description: 'A map.', input_schema: { type: 'object' as const } }],
      messages: [
        {
          role: 'user' as const,
          content: [
            {
              type: 'image' as const,
              source: { type: 'base64' as const, media_type: 'image/png' as const, data: PIXEL },
            },
            { type: 'text' as const, text: QUESTION.content },
          ],
        },
      ],
    };
    const { content, usage } = await client(simulator.url).messages.create(request);
    const { messages, ...members } = request;
    expect(inputs()).to.deep.include(members);
    const image = {
      type: 'image_url',
      image_url: { url: `data:image/png;base64,${PIXEL}` },
      original: { type: 'image', source: { type: 'base64', media_type: 'image/png' } },
    };
    expect(inputs()['messages']).to.deep.equal([
      { role: 'system', type: 'system', content: request.system },
      { role: 'user', type: 'user', content: [image, messages[0]?.content[1]] },
    ]);
    expect(outputs()['content']).to.deep.equal(content);
    expect(span().attributes).to.deep.include({
      'mlflow.message.format': 'langchain',
      'gen_ai.request.temperature': 0.2,
      'gen_ai.response.finish_reasons': ['end_turn'],
      'gen_ai.usage.output_tokens': usage.output_tokens,
    });
  });

  it('records the answer of a raw stream, whose events are those without it', async () => {
    const read = async (from: ReturnType<typeof client>) => {
      const types: string[] = [];
      let text = '';
      for await (const event of await from.messages.create({ ...REQUEST, stream: true })) {
        types.push(event.type);
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
      }
      return { types, text };
    };
    const without = await read(client(simulator.url, []));
    memory.reset();
    expect(await read(client(simulator.url))).to.deep.equal(without);
    expect(outputs()['content']).to.deep.equal([{ type: 'text', text: without.text }]);
    expect(span().attributes).to.deep.include({ 'gen_ai.response.finish_reasons': ['end_turn'] });
    expect(span().attributes['gen_ai.response.time_to_first_chunk']).to.be.a('number');
  });

  it('records the answer of a stream helper, which gets the same message', async () => {
    const message = await client(simulator.url).messages.stream(REQUEST).finalMessage();
    expect(outputs()['content']).to.deep.equal(JSON.parse(JSON.stringify(message.content)));
  });

  it('ends the call, and writes nothing to an ended span, when the reader of a stream stops early', async () => {
    const complaints: string[] = [];
    const complain = (message: string) => complaints.push(message);
    const logger: DiagLogger = { error: complain, warn: complain, info() {}, debug() {}, verbose() {} };
    diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
    const endpoint = simulator.endpoint({ scenario: 'stream', parameters: { interval: '5' } });
    for await (const _event of await client(endpoint).messages.create({ ...REQUEST, stream: true })) break;
    expect(span().attributes).to.not.have.property('mlflow.spanOutputs');
    expect(inputs()).to.deep.include({ messages: [{ ...QUESTION, type: 'user' }] });
    expect(complaints).to.deep.equal([]);
  });

  it('counts retries on the one span, and passes errors on as they are', async () => {
    const throttled = simulator.endpoint({ scenario: 'throttling', parameters: { times: '1' } });
    await client(throttled).messages.create(REQUEST);
    expect(span().attributes).to.include({ 'http.request.resend_count': 1 });
    memory.reset();
    const denied = simulator.endpoint({ scenario: 'access-denied' });
    const error = (from: ReturnType<typeof client>) => from.messages.create(REQUEST).catch((thrown: unknown) => thrown);
    const without = await error(client(denied, []));
    memory.reset();
    const thrown = await error(client(denied));
    expect(thrown)
      .to.be.an('error')
      .with.property('message', (without as Error).message);
    expect(thrown).to.have.property('status', 403);
    expect(span().status.code).to.equal(2);
    expect(inputs()).to.deep.include({ messages: [{ ...QUESTION, type: 'user' }] });
  });

  it('returns responses with the address, the headers and the body that they have without it', async () => {
    const see = async (from: ReturnType<typeof client>) => {
      const response = await from.messages.create(REQUEST).asResponse();
      const { url, status, ok, redirected, type } = response;
      const names = [...response.headers.keys()];
      const { content } = (await response.json()) as { content: unknown };
      return { url, status, ok, redirected, type, names, content };
    };
    const without = await see(client(simulator.url, []));
    expect(await see(client(simulator.url))).to.deep.equal(without);
    const { data, response } = await client(simulator.url).messages.create(REQUEST).withResponse();
    expect(data.content).to.deep.equal(without.content);
    expect(response.url).to.equal(without.url);
  });

  it('passes parts of a custom fetch on that are empty or share a buffer', async () => {
    const message = JSON.stringify({ id: 'msg_1', type: 'message', content: [{ type: 'text', text: 'Paris.' }] });
    const pooled = Buffer.from(message);
    const parts = [pooled.subarray(0, 9), new Uint8Array(), pooled.subarray(9)];
    const headers = { 'content-type': 'application/json' };
    const mantle = mantleClient(
      simulator.url,
      async () => new Response(Readable.toWeb(Readable.from(parts)), { headers }),
    );
    const { content } = await mantle.messages.create(REQUEST);
    expect(content).to.deep.equal([{ type: 'text', text: 'Paris.' }]);
    expect(outputs()).to.deep.include({ content });
  });

  it('completes the calls of the tool runner', async () => {
    const tool = {
      name: 'get_weather',
      description: 'The current weather in a city.',
      input_schema: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
      parse: (input: unknown) => input as { city: string },
      run: ({ city }: { city: string }) => `sunny in ${city}`,
    };
    const messages = [{ role: 'user' as const, content: 'What is the weather in Paris?' }];
    await client(simulator.url).beta.messages.toolRunner({ ...REQUEST, messages, tools: [tool] });
    const calls = memory.getFinishedSpans().filter(({ name }) => name === 'anthropic.messages.create');
    expect(calls).to.have.length(2);
    expect(calls[1]?.attributes['mlflow.spanInputs']).to.contain('sunny in Paris').and.to.contain('"tools":[');
  });

  it('records calls to bedrock-mantle, streamed or not', async () => {
    const server = await startMantle();
    const { port } = server.address() as AddressInfo;
    const mantle = mantleClient(`http://127.0.0.1:${port}/anthropic`);
    const { content } = await mantle.messages.create(REQUEST);
    expect(outputs()['content']).to.deep.equal(content);
    expect(span().attributes).to.include({ 'gen_ai.provider.name': 'aws.bedrock', 'gen_ai.usage.input_tokens': 7 });
    memory.reset();
    for await (const _event of await mantle.messages.create({ ...REQUEST, stream: true }));
    expect(outputs()['content']).to.deep.equal([{ type: 'text', text: 'Grüße aus Paris' }]);
    expect(span().attributes).to.not.have.property('mlflow.llm.provider');
    memory.reset();
    // MLflow has prices of its own for this host.
    const host = 'https://bedrock-mantle.us-east-1.api.aws';
    const sent = mantleClient(`${host}/anthropic`, (url, init) =>
      fetch(String(url).replace(host, `http://127.0.0.1:${port}`), init),
    );
    await sent.messages.create(REQUEST);
    expect(span().attributes).to.include({ 'mlflow.llm.provider': 'bedrock_mantle' });
    server.close();
    server.closeAllConnections();
  });
});

/** A server that answers as the Messages API of bedrock-mantle does, with bytes that arrive in odd pieces. */
async function startMantle(): Promise<Server> {
  const usage = { input_tokens: 7, output_tokens: 3 };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: MODEL, stop_reason: 'end_turn', usage };
  const text = (part: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: part } });
  const events = [
    { type: 'message_start', message: { ...message, stop_reason: null, content: [] } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    text('Grüße '),
    text('aus Paris'),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage },
    { type: 'message_stop' },
  ];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += String(part);
    if ((JSON.parse(body) as { stream?: boolean }).stream !== true) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...message, content: [{ type: 'text', text: 'Paris.' }] }));
      return;
    }
    response.setHeader('content-type', 'text/event-stream');
    const bytes = Buffer.from(
      events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
    );
    for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
