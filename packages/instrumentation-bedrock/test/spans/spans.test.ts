import { ConverseCommand, ConverseStreamCommand, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { collect, createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const MESSAGES = [{ role: 'user' as const, content: [{ text: 'What is the capital of France?' }] }];

describe('the span of a call', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());
  afterEach(() => tracing.close());

  it('follows the GenAI conventions: name, kind, provider, parameters, server, unset status', async () => {
    tracing = startTracing();
    const client = createClient(simulator.url);
    await client.send(
      new ConverseCommand({
        modelId: MODEL,
        messages: MESSAGES,
        system: [{ text: 'Be brief.' }],
        inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
        additionalModelRequestFields: { top_k: 40 },
      }),
    );
    client.destroy();

    const [span] = tracing.spans();
    expect(span?.name).to.equal(`chat ${MODEL}`);
    expect(span?.kind).to.equal(SpanKind.CLIENT);
    expect(span?.status.code).to.equal(SpanStatusCode.UNSET);
    expect(span?.attributes).to.deep.include({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.request.model': MODEL,
      'gen_ai.request.max_tokens': 100,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.top_k': 40,
      'gen_ai.request.stop_sequences': ['END'],
      'gen_ai.response.finish_reasons': ['end_turn'],
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(simulator.url).port),
      'mlflow.spanType': 'CHAT_MODEL',
      'mlflow.message.format': 'bedrock',
      'mlflow.llm.model': MODEL,
      'mlflow.llm.provider': 'anthropic',
    });
    expect(json(span!, 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'What is the capital of France?' }] },
    ]);
    expect(json(span!, 'gen_ai.system_instructions')).to.deep.equal([{ type: 'text', content: 'Be brief.' }]);
    expect(json(span!, 'mlflow.spanInputs')).to.deep.include({
      modelId: MODEL,
      system: [{ text: 'Be brief.' }],
      messages: [{ role: 'system', content: [{ text: 'Be brief.' }] }, ...MESSAGES],
    });
    expect(json(span!, 'mlflow.spanOutputs')).to.have.nested.property('$metadata.httpStatusCode', 200);
  });

  it('gives samplers the attributes that the conventions name, and the server from the second call on', async () => {
    const seen: unknown[] = [];
    tracing = startTracing({
      sampler: {
        shouldSample(_context, _traceId, name, kind, attributes) {
          seen.push({ name, kind, ...attributes });
          return { decision: SamplingDecision.RECORD_AND_SAMPLED };
        },
      },
    });
    const client = createClient(simulator.url);
    for (let call = 0; call < 2; call++) {
      const { stream } = await client.send(new ConverseStreamCommand({ modelId: MODEL, messages: MESSAGES }));
      await collect(stream);
    }
    client.destroy();
    const first = {
      name: `chat ${MODEL}`,
      kind: SpanKind.CLIENT,
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.request.model': MODEL,
      'gen_ai.request.stream': true,
    };
    const server = { 'server.address': '127.0.0.1', 'server.port': Number(new URL(simulator.url).port) };
    expect(seen).to.deep.equal([first, { ...first, ...server }]);
  });

  it('has the usual port of its protocol if the endpoint names none', async () => {
    const ports: [string, number][] = [
      ['https://bedrock-runtime.us-east-1.amazonaws.com', 443],
      ['http://gateway.example.com', 80],
    ];
    for (const [endpoint, port] of ports) {
      tracing = startTracing();
      const handle = async (): Promise<never> => {
        throw new Error('not sent');
      };
      const client = createClient(endpoint, { requestHandler: { handle } as never });
      await client.send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES })).catch(() => undefined);
      const server = { 'server.address': new URL(endpoint).hostname, 'server.port': port };
      expect(tracing.spans()[0]?.attributes).to.include(server);
      await tracing.close();
    }
  });

  it('nests under the active span, and is itself active during the HTTP request', async () => {
    tracing = startTracing();
    const tracer = trace.getTracer('test');
    const client = createClient(simulator.url);
    let active: string | undefined;
    client.middlewareStack.add(
      (next) => async (args) => {
        active = trace.getActiveSpan()?.spanContext().spanId;
        return next(args);
      },
      { step: 'finalizeRequest', name: 'userMiddleware' },
    );
    await tracer.startActiveSpan('agent', async (agent) => {
      await client.send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES }));
      expect(trace.getActiveSpan()).to.equal(agent);
      agent.end();
    });
    client.destroy();
    const [chat, agent] = tracing.spans();
    expect(chat?.parentSpanContext?.spanId).to.equal(agent?.spanContext().spanId);
    expect(active).to.equal(chat?.spanContext().spanId);
  });

  it('records a failure with the type that the service sent', async () => {
    tracing = startTracing();
    const client = createClient(simulator.endpoint({ scenario: 'throttling' }));
    const error = await client
      .send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES }))
      .catch((thrown: Error) => thrown);
    client.destroy();
    expect(error).to.be.instanceOf(Error).with.property('name', 'ThrottlingException');
    const [span] = tracing.spans();
    expect(span?.attributes['error.type']).to.equal('ThrottlingException');
    expect(span?.status).to.deep.equal({
      code: SpanStatusCode.ERROR,
      message: `ThrottlingException: ${(error as Error).message}`,
    });
    expect(span?.events.map(({ name }) => name)).to.deep.equal(['exception']);
    expect(span?.attributes).to.not.have.property('mlflow.spanOutputs');
  });

  it('is one span for a call that the SDK retried', async () => {
    tracing = startTracing();
    const endpoint = simulator.endpoint({ scenario: 'throttling', parameters: { times: 1 } });
    const client = createClient(endpoint, { maxAttempts: 3 });
    const { $metadata } = await client.send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES }));
    client.destroy();
    expect($metadata.attempts).to.equal(2);
    expect(tracing.spans()).to.have.lengthOf(1);
    expect(tracing.spans()[0]?.status.code).to.equal(SpanStatusCode.UNSET);
  });

  it('shows bytes as base64', async () => {
    tracing = startTracing();
    const client = createClient(simulator.url);
    const bytes = Buffer.from('png bytes');
    await client.send(
      new ConverseCommand({
        modelId: MODEL,
        messages: [{ role: 'user', content: [{ text: 'See?' }, { image: { format: 'png', source: { bytes } } }] }],
      }),
    );
    client.destroy();
    const [span] = tracing.spans();
    expect(json(span!, 'mlflow.spanInputs')).to.have.nested.property(
      'messages[0].content[1].image.source.bytes',
      bytes.toString('base64'),
    );
    expect(json(span!, 'gen_ai.input.messages')).to.have.deep.nested.property('[0].parts[1]', {
      type: 'blob',
      modality: 'image',
      mime_type: 'image/png',
      content: bytes.toString('base64'),
    });
  });

  it('records the messages as sent, even if the application changes them afterwards', async () => {
    tracing = startTracing();
    const client = createClient(simulator.url);
    const messages = structuredClone(MESSAGES);
    const answer = client.send(new ConverseCommand({ modelId: MODEL, messages }));
    messages.push({ role: 'user', content: [{ text: 'and Spain?' }] });
    await answer;
    client.destroy();
    expect(json(tracing.spans()[0]!, 'gen_ai.input.messages')).to.have.lengthOf(1);
  });

  it('has parameters and tokens but no content if content is off', async () => {
    tracing = startTracing({ config: { captureMessageContent: false } });
    const canary = 'canary-4711';
    const client = createClient(simulator.url);
    const { stream } = await client.send(
      new ConverseStreamCommand({
        modelId: MODEL,
        messages: [{ role: 'user', content: [{ text: canary }] }],
        system: [{ text: canary }],
        toolConfig: {
          tools: [{ toolSpec: { name: 'lookup', description: canary, inputSchema: { json: { title: canary } } } }],
        },
        inferenceConfig: { maxTokens: 64 },
      }),
    );
    await collect(stream);
    const failing = createClient(
      simulator.endpoint({ scenario: 'error', parameters: { type: 'ValidationException', message: canary } }),
    );
    await failing.send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES })).catch(() => undefined);
    client.destroy();
    failing.destroy();
    const spans = tracing.spans();
    expect(spans).to.have.lengthOf(2);
    const emitted = JSON.stringify(spans.map(({ attributes, events, status }) => ({ attributes, events, status })));
    expect(emitted).to.not.include(canary);
    expect(spans[0]?.attributes).to.include({ 'gen_ai.request.max_tokens': 64 });
    expect(spans[0]?.attributes['gen_ai.usage.output_tokens']).to.be.greaterThan(0);
    expect(spans[1]?.attributes['error.type']).to.equal('ValidationException');
  });

  it('lets contentHook edit and drop content, and records none when the hook throws', async () => {
    const client = createClient(simulator.url);
    const send = () => client.send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES }));
    const redact = (text: string): string => text.replaceAll('France', '[redacted]');

    tracing = startTracing({
      config: { contentHook: ({ value }) => JSON.parse(redact(JSON.stringify(value))) },
    });
    const { output } = await send();
    expect(JSON.stringify(output)).to.include('France');
    const emitted = JSON.stringify(tracing.spans()[0]?.attributes);
    expect(emitted).to.include('capital of [redacted]').and.to.not.include('France');
    await tracing.close();

    tracing = startTracing({
      config: { contentHook: ({ kind, value }) => (kind === 'request' ? undefined : value) },
    });
    await send();
    expect(tracing.spans()[0]?.attributes).to.not.have.any.keys('mlflow.spanInputs', 'gen_ai.input.messages');
    expect(tracing.spans()[0]?.attributes).to.include.keys('mlflow.spanOutputs', 'gen_ai.output.messages');
    await tracing.close();

    tracing = startTracing({
      config: {
        contentHook: () => {
          throw new Error('broken hook');
        },
      },
    });
    await send();
    expect(JSON.stringify(tracing.spans()[0]?.attributes)).to.not.include('France');
    expect(tracing.spans()[0]?.attributes).to.include.keys('gen_ai.usage.input_tokens');
    client.destroy();
  });

  it('shows the InvokeModel body and parameters that contentHook returned, never the original', async () => {
    tracing = startTracing({
      config: {
        contentHook: ({ kind, value }) =>
          kind === 'request' ? { ...(value as object), body: { hidden: true }, requestMetadata: null } : undefined,
      },
    });
    const client = createClient(simulator.url);
    const modelId = 'amazon.titan-text-lite-v1';
    const requestMetadata = JSON.stringify({ user: 'secret' });
    for (const body of ['{"inputText":"secret"}', '{"prompt": "secret', Buffer.from([0xff, 0x73, 0x65])]) {
      await client.send(new InvokeModelCommand({ modelId, body, requestMetadata })).catch(() => undefined);
    }
    client.destroy();
    expect(tracing.spans()).to.have.lengthOf(3);
    for (const span of tracing.spans()) {
      expect(json(span, 'mlflow.spanInputs')).to.deep.equal({
        modelId,
        requestMetadata: null,
        body: '{"hidden":true}',
      });
    }
  });

  it('records no chunk events with a contentHook by default: a secret can be split over chunks', async () => {
    const client = createClient(simulator.url);
    for (const [config, hasEvents] of [
      [{}, false],
      [{ recordStreamEvents: true }, true],
    ] as const) {
      tracing = startTracing({ config: { contentHook: ({ value }) => value, ...config } });
      const { stream } = await client.send(new ConverseStreamCommand({ modelId: MODEL, messages: MESSAGES }));
      await collect(stream);
      expect((tracing.spans()[0]?.events.length ?? 0) > 0).to.equal(hasEvents);
      await tracing.close();
    }
    client.destroy();
  });

  it('keeps attributes that hooks write in place of content', async () => {
    tracing = startTracing({
      config: {
        requestHook: (span) => span.setAttribute('mlflow.spanInputs', '"mine"'),
        responseHook: (span) => span.setAttribute('gen_ai.output.messages', '[]'),
      },
    });
    const client = createClient(simulator.url);
    await client.send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES }));
    client.destroy();
    expect(tracing.spans()[0]?.attributes).to.include({
      'mlflow.spanInputs': '"mine"',
      'gen_ai.output.messages': '[]',
    });
    expect(json(tracing.spans()[0]!, 'mlflow.spanOutputs')).to.have.property('output');
  });

  it('keeps attributes that hooks write in place of those from its start', async () => {
    tracing = startTracing({ config: { requestHook: (span) => span.setAttribute('gen_ai.request.model', 'alias') } });
    const client = createClient(simulator.url);
    const aborted = { abortSignal: AbortSignal.abort() };
    for (const options of [{}, {}, aborted]) {
      await client.send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES }), options).catch(() => undefined);
    }
    client.destroy();
    const models = tracing.spans().map(({ attributes }) => attributes['gen_ai.request.model']);
    expect(models).to.deep.equal(['alias', 'alias', 'alias']);
  });

  it('survives hooks that reject, and records no content from an async contentHook', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', onUnhandled);
    const broken = async (): Promise<never> => {
      throw new Error('broken');
    };
    tracing = startTracing({
      config: { requestHook: broken, responseHook: broken, contentHook: broken as unknown as () => undefined },
    });
    const client = createClient(simulator.url);
    await client.send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES }));
    client.destroy();
    // Node.js reports unhandled rejections after the microtasks.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).to.deep.equal([]);
    expect(JSON.stringify(tracing.spans()[0]?.attributes)).to.not.include('France');
  });

  it('cuts long texts if a limit is set', async () => {
    tracing = startTracing({ config: { maxContentLength: 10 } });
    const client = createClient(simulator.url);
    await client.send(
      new ConverseCommand({ modelId: MODEL, messages: [{ role: 'user', content: [{ text: 'x'.repeat(25) }] }] }),
    );
    client.destroy();
    expect(json(tracing.spans()[0]!, 'gen_ai.input.messages')).to.have.nested.property(
      '[0].parts[0].content',
      `${'x'.repeat(10)}… [15 more characters not recorded]`,
    );
  });

  it('records one form of content if one is configured', async () => {
    const client = createClient(simulator.url);
    for (const format of ['gen_ai', 'mlflow'] as const) {
      tracing = startTracing({ config: { contentFormats: [format] } });
      await client.send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES }));
      const attributes = tracing.spans()[0]?.attributes ?? {};
      expect('gen_ai.input.messages' in attributes).to.equal(format === 'gen_ai');
      expect('mlflow.spanInputs' in attributes).to.equal(format === 'mlflow');
      await tracing.close();
    }
    client.destroy();
  });

  it('calls the hooks with the span and the call, and survives their errors', async () => {
    const seen: unknown[] = [];
    tracing = startTracing({
      config: {
        requestHook: (span, { operation, modelId, input }) => {
          span.setAttribute('app.request', 1);
          seen.push([operation, modelId, input]);
          throw new Error('requestHook is broken');
        },
        responseHook: (span, { operation, output, error }) => {
          span.setAttribute('app.response', 2);
          seen.push([operation, output, error]);
          throw new Error('responseHook is broken');
        },
      },
    });
    const client = createClient(simulator.url);
    const input = { modelId: MODEL, messages: MESSAGES };
    const output = await client.send(new ConverseCommand(input));
    client.destroy();
    expect(seen).to.deep.equal([
      ['Converse', MODEL, input],
      ['Converse', output, undefined],
    ]);
    expect(tracing.spans()[0]?.attributes).to.include({ 'app.request': 1, 'app.response': 2 });
  });

  it('does not exist if it is not sampled, and no content is read', async () => {
    let reads = 0;
    tracing = startTracing({ sampler: new AlwaysOffSampler(), config: { contentHook: () => void reads++ } });
    const client = createClient(simulator.url);
    const { output } = await client.send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES }));
    client.destroy();
    expect(output?.message?.content).to.have.lengthOf(1);
    expect(tracing.spans()).to.have.lengthOf(0);
    expect(reads).to.equal(0);
  });
});
