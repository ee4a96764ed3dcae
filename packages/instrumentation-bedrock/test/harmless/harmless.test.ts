import { Readable } from 'node:stream';
import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { context, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Simulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { BedrockInstrumentation } from '../../src/index.js';
import { beforeEachTest } from '../support/simulation.js';
import { collect, createClient, type Tracing } from '../support/tracing.js';

const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const CONVERSE: sdk.ConverseCommandInput = { modelId: MODEL, messages: [{ role: 'user', content: [{ text: 'Hi' }] }] };

describe('an application with tracing sees what it sees without', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  let client: sdk.BedrockRuntimeClient;
  beforeEachTest((parts) => {
    ({ simulator, tracing, client } = parts);
  });

  const text = '{"inputText":"Hi"}';
  const BODIES: Readonly<Record<string, () => unknown>> = {
    'a string': () => text,
    'a Uint8Array': () => new TextEncoder().encode(text),
    'a Buffer': () => Buffer.from(text),
    'an ArrayBuffer': () => new TextEncoder().encode(text).buffer,
    'a Readable': () => Readable.from([Buffer.from(text)]),
    'text that is not JSON': () => '{"inputText":',
    'bytes that are not text': () => Buffer.from([0xff, 0xfe, 0x00]),
    'an empty string': () => '',
    'a JSON string': () => '"text"',
    'JSON null': () => 'null',
    'deeply nested JSON': () => `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`,
    'no body': () => undefined,
  };
  for (const [name, createBody] of Object.entries(BODIES)) {
    it(`sends and gets the same with InvokeModel and ${name}`, async () => {
      const send = async (): Promise<unknown> => {
        const body = createBody() as Uint8Array;
        const command = new sdk.InvokeModelCommand({ modelId: 'amazon.titan-text-lite-v1', body });
        const view = await client.send(command).then(
          (output) => ({ status: output.$metadata.httpStatusCode, body: output.body.transformToString() }),
          (error: Error) => ({ error: error.name, message: error.message }),
        );
        return JSON.stringify({ view, received: simulator.requests.at(-1)?.body });
      };
      tracing.instrumentation.disable();
      const plain = await send();
      tracing.instrumentation.enable();
      expect(await send()).to.deep.equal(plain);
      expect(tracing.spans()).to.have.lengthOf(1);
    });
  }

  it('has the Blob of an InvokeModel reach the request handler unchanged', async () => {
    // The SDK's handlers for Node.js cannot send a Blob, so such an application has its own handler.
    const blob = new Blob([text]);
    let received: unknown;
    const stopped = new Error('not sent');
    const custom = createClient(simulator.url, {
      requestHandler: {
        handle: async (request: { body: unknown }) => {
          received = request.body;
          throw stopped;
        },
      } as never,
    });
    const command = new sdk.InvokeModelCommand({ modelId: 'amazon.titan-text-lite-v1', body: blob as never });
    expect(await custom.send(command).catch((error: unknown) => error)).to.equal(stopped);
    expect(received).to.equal(blob);
    expect(tracing.spans()[0]?.attributes['mlflow.spanInputs']).to.include('[Blob of 18 bytes, not read]');
  });

  for (const modelId of [
    '',
    'nobody.knows-this-v1:0',
    'arn:aws:bedrock:us-east-1:123456789012:prompt/ABC:1',
    '..',
    'a'.repeat(2000),
  ]) {
    it(`gets the same for the model id ${modelId.slice(0, 50) || '(empty)'}`, async () => {
      const send = () =>
        client.send(new sdk.ConverseCommand({ ...CONVERSE, modelId })).then(
          (output) => output.output,
          (error: Error) => ({ error: error.name, message: error.message }),
        );
      tracing.instrumentation.disable();
      const plain = await send();
      tracing.instrumentation.enable();
      expect(await send()).to.deep.equal(plain);
      expect(tracing.spans()).to.have.lengthOf(1);
    });
  }

  it('gets the same answers if they are no JSON or empty', async () => {
    for (const scenario of ['not-json', 'empty-body']) {
      const odd = createClient(simulator.endpoint({ scenario }));
      const command = () => new sdk.InvokeModelCommand({ modelId: MODEL, body: '{"messages":[]}' });
      tracing.instrumentation.disable();
      const plain = await odd.send(command());
      tracing.instrumentation.enable();
      const traced = await odd.send(command());
      expect(traced.body?.transformToString()).to.equal(plain.body?.transformToString());
      odd.destroy();
    }
    expect(tracing.spans()).to.have.lengthOf(2);
  });

  it('may freeze its input', async () => {
    const input = Object.freeze({
      modelId: MODEL,
      messages: Object.freeze([Object.freeze({ role: 'user', content: [{ text: 'Hi' }] })]),
    });
    await client.send(new sdk.ConverseCommand(input as unknown as sdk.ConverseCommandInput));
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('has toJSON of its values called by the SDK only', async () => {
    let calls = 0;
    const value = { celsius: 21, toJSON: () => ({ calls: ++calls }) };
    const send = () =>
      client
        .send(
          new sdk.ConverseCommand({
            modelId: MODEL,
            messages: [
              {
                role: 'user',
                content: [
                  { toolResult: { toolUseId: 't', content: [{ json: value as unknown as Record<string, never> }] } },
                ],
              },
            ],
          }),
        )
        .catch(() => undefined);
    tracing.instrumentation.disable();
    await send();
    const plain = calls;
    tracing.instrumentation.enable();
    calls = 0;
    await send();
    expect(calls).to.equal(plain);
  });

  it('gets callbacks in its own context, in both forms of send', async () => {
    const outcomes: unknown[] = [];
    const caller = trace.getTracer('test').startSpan('caller');
    await context.with(trace.setSpan(context.active(), caller), async () => {
      for (const options of [[], [{ requestTimeout: 5000 }]]) {
        await new Promise<void>((resolve) => {
          const send = client.send.bind(client) as (...args: unknown[]) => unknown;
          const returned = send(new sdk.ConverseCommand(CONVERSE), ...options, (error: unknown, output: unknown) => {
            outcomes.push([error, (output as sdk.ConverseCommandOutput).stopReason, trace.getActiveSpan()]);
            resolve();
          });
          expect(returned).to.equal(undefined);
        });
      }
    });
    expect(outcomes).to.deep.equal([
      [null, 'end_turn', caller],
      [null, 'end_turn', caller],
    ]);
    expect(tracing.spans()).to.have.lengthOf(2);
  });

  it('gets errors in its callback', async () => {
    const failing = createClient(simulator.endpoint({ scenario: 'access-denied' }));
    const error = await new Promise<unknown>((resolve) => failing.send(new sdk.ConverseCommand(CONVERSE), resolve));
    failing.destroy();
    expect(error).to.have.property('name', 'AccessDeniedException');
    expect(tracing.spans()[0]?.attributes['error.type']).to.equal('AccessDeniedException');
  });

  it('gets the same from the aggregated client', async () => {
    const aggregated = new sdk.BedrockRuntime({
      region: 'us-east-1',
      endpoint: simulator.url,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const { stopReason } = await aggregated.converse(CONVERSE);
    aggregated.destroy();
    expect(stopReason).to.equal('end_turn');
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('gets the same promise type, error and response prototypes', async () => {
    const promise = client.send(new sdk.InvokeModelCommand({ modelId: MODEL, body: '{}' }));
    expect(Object.getPrototypeOf(promise)).to.equal(Promise.prototype);
    const { body } = await promise;
    expect(body.constructor.name).to.equal('Uint8ArrayBlobAdapter');

    const thrown = new Error('from the middleware');
    client.middlewareStack.add(
      () => async () => {
        throw thrown;
      },
      { step: 'build', name: 'thrower' },
    );
    expect(await client.send(new sdk.ConverseCommand(CONVERSE)).catch((error: unknown) => error)).to.equal(thrown);
  });

  it('gets the same error from an aborted call', async () => {
    const hanging = createClient(simulator.endpoint({ scenario: 'hang' }));
    const controller = new AbortController();
    const answer = hanging.send(new sdk.ConverseCommand(CONVERSE), { abortSignal: controller.signal });
    controller.abort();
    const error = await answer.catch((thrown: Error) => thrown);
    hanging.destroy();
    expect(error).to.have.property('name', 'AbortError');
    expect(tracing.spans()[0]?.attributes['error.type']).to.equal('AbortError');
  });

  it('may send one command twice at once', async () => {
    const command = new sdk.InvokeModelCommand({ modelId: 'amazon.titan-text-lite-v1', body: text });
    await Promise.all([client.send(command), client.send(command)]);
    expect(tracing.spans().map((span) => span.attributes['gen_ai.usage.input_tokens'])).to.satisfy(
      (counts: unknown[]) => counts.length === 2 && counts[0] === counts[1] && typeof counts[0] === 'number',
    );
  });

  it('has no span if tracing is suppressed', async () => {
    await context.with(suppressTracing(context.active()), () => client.send(new sdk.ConverseCommand(CONVERSE)));
    expect(tracing.spans()).to.have.lengthOf(0);
  });

  it('has one span if the instrumentation is registered twice', async () => {
    const second = new BedrockInstrumentation();
    second.setTracerProvider(tracing.provider);
    second.manuallyInstrument(sdk);
    await client.send(new sdk.ConverseCommand(CONVERSE));
    expect(tracing.spans()).to.have.lengthOf(1);
    tracing.instrumentation.disable();
    await client.send(new sdk.ConverseCommand(CONVERSE));
    second.disable();
    expect(tracing.spans()).to.have.lengthOf(2);
    await client.send(new sdk.ConverseCommand(CONVERSE));
    expect(tracing.spans()).to.have.lengthOf(2);
  });

  it('has one span if another package wraps send in between', async () => {
    const prototype = sdk.BedrockRuntimeClient.prototype as { send: (...args: unknown[]) => unknown };
    const inherited = prototype.send;
    // Other instrumentations do the same: the subclass gets a `send` that waits and then calls the inherited one.
    prototype.send = async function (this: unknown, ...args: unknown[]) {
      await Promise.resolve();
      return inherited.apply(this, args);
    };
    tracing.instrumentation.manuallyInstrument(sdk);
    const { stopReason } = await client.send(new sdk.ConverseCommand(CONVERSE));
    delete (prototype as { send?: unknown }).send;
    expect(stopReason).to.equal('end_turn');
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('gets the same promise, callback and stream if a span processor throws', async () => {
    const provider = new NodeTracerProvider({
      spanProcessors: [
        {
          onStart: () => undefined,
          onEnd: () => {
            throw new Error('broken processor');
          },
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve(),
        },
      ],
    });
    tracing.instrumentation.setTracerProvider(provider);
    expect((await client.send(new sdk.ConverseCommand(CONVERSE))).stopReason).to.equal('end_turn');
    const output = await new Promise<unknown>((resolve) => {
      client.send(new sdk.ConverseCommand(CONVERSE), (_error, result) => resolve(result));
    });
    expect(output).to.have.property('stopReason', 'end_turn');
    const { stream } = await client.send(new sdk.ConverseStreamCommand(CONVERSE));
    expect(await collect(stream)).to.not.have.lengthOf(0);
    await provider.shutdown();
  });

  it('gets no error from manuallyInstrument() if the prototype is frozen or the SDK is missing', () => {
    class Frozen {
      send(): void {}
    }
    Object.freeze(Frozen.prototype);
    for (const exports of [{ BedrockRuntimeClient: Frozen }, {}, undefined]) {
      tracing.instrumentation.manuallyInstrument(exports as object);
    }
  });

  it('may replace streams in middleware, with plain results or one iterator for all readers', async () => {
    const events = [
      { messageStart: { role: 'assistant' } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Hello!' } } },
      { messageStop: { stopReason: 'end_turn' } },
      { metadata: { usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 }, metrics: { latencyMs: 1 } } },
    ];
    const plain = () => {
      const iterator = events[Symbol.iterator]();
      return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) };
    };
    const generator = (async function* () {
      yield* events;
    })();
    generator[Symbol.asyncIterator]();
    for (const stream of [plain(), generator]) {
      const odd = createClient(simulator.url);
      odd.middlewareStack.add(() => async () => ({ output: { stream, $metadata: {} }, response: {} }) as never, {
        step: 'initialize',
        name: 'replaceStream',
      });
      const answer = await odd.send(new sdk.ConverseStreamCommand(CONVERSE));
      odd.destroy();
      answer.stream?.[Symbol.asyncIterator]();
      expect(await collect(answer.stream)).to.deep.equal(events);
      expect(String(tracing.spans().at(-1)?.attributes['gen_ai.output.messages'])).to.include('"Hello!"');
    }
  });

  it('has its requests collected after they are answered', async () => {
    const { gc } = globalThis;
    const kept: WeakRef<object>[] = [];
    const call = async (text: string): Promise<void> => {
      const messages = [{ role: 'user' as const, content: [{ text }] }];
      kept.push(new WeakRef(messages));
      await client.send(new sdk.ConverseCommand({ modelId: MODEL, messages }));
    };
    for (const text of ['one', 'two', 'three']) await call(text);
    for (let turn = 0; turn < 10 && kept.some((reference) => reference.deref()); turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      gc?.();
    }
    expect(kept.map((reference) => reference.deref())).to.deep.equal([undefined, undefined, undefined]);
  });

  it('may disable and enable the instrumentation while it uses a client', async () => {
    tracing.instrumentation.disable();
    await client.send(new sdk.ConverseCommand(CONVERSE));
    expect(tracing.spans()).to.have.lengthOf(0);
    tracing.instrumentation.enable();
    await client.send(new sdk.ConverseCommand(CONVERSE));
    expect(tracing.spans()).to.have.lengthOf(1);
  });
});
