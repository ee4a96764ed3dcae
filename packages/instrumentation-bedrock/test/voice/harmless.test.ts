/** Voice sessions: the application sees the same with and without the instrumentation, and each ends its span once. */

import type { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type SimulatedResponse, type Simulator, speak, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { errorView, sameAsUntraced, strayErrors, until } from '../support/compare.js';
import { collect, createClient, json, startTracing, type Tracing } from '../support/tracing.js';
import {
  audioInput,
  chunk,
  closing,
  command,
  converse,
  eventOf,
  type Json,
  opening,
  type Step,
  scriptedSimulator,
  sending,
  service,
  spoken,
} from '../support/voice.js';

const HELLO = [...opening(), ...audioInput([speak('Hello')])];
const ANSWER: Step[] = [
  { wait: 'audioInput' },
  service.start(),
  ...service.text('USER', 'FINAL', 'Hello'),
  ...spoken('Hi there.'),
  service.usage([10, 20, 30, 40]),
];
const END: Step[] = [{ wait: 'sessionEnd' }, service.end()];
/** More answer than the tests read, so that the session lives until it is ended. */
const ENDLESS: Step[] = [...ANSWER, { wait: 'never' }];

describe('an application with a voice session', () => {
  let tracing: Tracing;
  let simulator: Simulator | undefined;
  const clients: BedrockRuntimeClient[] = [];
  const connect = async (
    steps: readonly Step[],
    answer?: Partial<SimulatedResponse>,
  ): Promise<BedrockRuntimeClient> => {
    await simulator?.close();
    simulator = await scriptedSimulator(steps, answer);
    const client = createClient(simulator.url);
    clients.push(client);
    return client;
  };
  const onlySpan = async (): Promise<ReadableSpan> => {
    await until(() => tracing.spans().length > 0);
    expect(tracing.spans()).to.have.lengthOf(1);
    return tracing.spans()[0]!;
  };
  const answerOf = (span: ReadableSpan): unknown =>
    json(span, 'gen_ai.output.messages') && (json(span, 'gen_ai.output.messages') as { parts: Json[] }[])[0]?.parts[0];

  beforeEach(() => {
    tracing = startTracing();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await simulator?.close();
    simulator = undefined;
    await tracing.close();
  });

  /** An input that stays open after its events, until it is closed. */
  function openInput(events: readonly Json[]): { body: AsyncGenerator<object>; close(): void; log: string[] } {
    let close = (): void => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    const log: string[] = [];
    async function* body(): AsyncGenerator<object> {
      try {
        for (const event of events) {
          log.push(Object.keys(event)[0] ?? '');
          yield chunk(event);
        }
        await closed;
      } finally {
        log.push('left');
      }
    }
    return { body: body(), close, log };
  }

  it('receives and sends the same events, and its input object stays as it is', async () => {
    const received: unknown[] = [];
    const seen = await sameAsUntraced(tracing, async () => {
      const client = await connect([...ANSWER, ...END]);
      const source = sending([...HELLO, ...closing]);
      const input = { modelId: 'm', body: source };
      const sent = command(source);
      Object.assign(sent, { input });
      const { next, [Symbol.asyncIterator]: iterate } = source;
      const output = await client.send(sent);
      const events = (await collect(output.body)).map(eventOf);
      expect(source.next).to.equal(next);
      expect(source[Symbol.asyncIterator]).to.equal(iterate);
      expect(Reflect.ownKeys(source)).to.deep.equal([]);
      expect(sent.input).to.equal(input);
      expect(input).to.deep.equal({ modelId: 'm', body: source });
      expect(input.body).to.equal(source);
      received.push(simulator?.requests[0]?.body);
      const { $metadata, ...rest } = output;
      return { events, keys: Object.keys(rest), status: $metadata.httpStatusCode };
    });
    expect(seen.events).to.have.length.greaterThan(10);
    expect(received[1]).to.deep.equal(received[0]);
    expect(received[1]).to.have.lengthOf(HELLO.length + closing.length);
    const span = await onlySpan();
    expect(span.status.code).to.equal(0);
    expect(json(span, 'gen_ai.system_instructions')).to.deep.equal([{ type: 'text', content: 'Be brief.' }]);
  });

  it('has its input read no sooner than without the instrumentation, and slowly if the service reads slowly', async () => {
    const asked = await sameAsUntraced(tracing, async () => {
      // The service reads nothing, so the SDK stops asking when its buffers are full.
      await simulator?.close();
      simulator = await startSimulator({
        respond: () => ({ events: [{ type: 'chunk', payload: { event: service.start() } }], ending: 'hang' }),
      });
      const client = createClient(simulator.url);
      let count = 0;
      async function* flood(): AsyncGenerator<object> {
        for (; count < 5000; count++) yield chunk({ audioInput: { content: 'A'.repeat(4000) } });
      }
      const { body } = await client.send(command(flood()));
      for await (const _ of body ?? []) break;
      client.destroy();
      return count < 4000;
    });
    expect(asked).to.equal(true);
  });

  it('ends its span with the answer although its input stays open, because the SDK sends nothing after it', async () => {
    const client = await connect([...ANSWER, service.end()]);
    let connection: { readonly closed?: boolean } = {};
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        connection = (result.response as { body: { closed: boolean } }).body;
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'mine' },
    );
    const { body } = await client.send(command(openInput(HELLO).body));
    await collect(body);
    expect(connection.closed).to.equal(true);
    const [span, ...others] = tracing.spans();
    expect(others).to.deep.equal([]);
    expect(span?.status.code).to.equal(0);
    expect(answerOf(span!)).to.deep.equal({ type: 'text', content: 'Hi there.' });
  });

  it('ends its span with the answer if the input has ended before', async () => {
    const client = await connect([...ANSWER, ...END]);
    const input = openInput([...HELLO, ...closing]);
    input.close();
    const { body } = await client.send(command(input.body));
    for await (const output of body ?? []) {
      if ('completionEnd' in eventOf(output)) expect(input.log.at(-1)).to.equal('left');
      expect(tracing.spans()).to.deep.equal([]);
    }
    expect(tracing.spans().map(({ status }) => status.code)).to.deep.equal([0]);
  });

  for (const [name, steps] of [
    ['fails', [...ANSWER, { $exception: 'modelStreamErrorException' }]],
    ['ends incomplete', ANSWER],
    ['is left', ENDLESS],
    ['is aborted', ENDLESS],
  ] as const) {
    it(`has its span ended at once if the session ${name}, although its input stays open`, async () => {
      const client = await connect(steps);
      const abort = new AbortController();
      const { body } = await client.send(command(openInput(HELLO).body), { abortSignal: abort.signal });
      const read = async (): Promise<void> => {
        for await (const output of body ?? []) {
          if (!('usageEvent' in eventOf(output))) continue;
          if (name === 'is left') break;
          if (name === 'is aborted') abort.abort();
        }
      };
      await read().catch(() => undefined);
      // An application can flush now, and end its process.
      expect(tracing.spans()).to.have.lengthOf(1);
    });
  }

  it('may end the session itself, without a closing event of the service', async () => {
    const client = await connect([...ANSWER, { wait: 'sessionEnd' }]);
    await converse(client, [...HELLO, ...closing]);
    const span = await onlySpan();
    expect(span.status.code).to.equal(0);
    expect(span.attributes['gen_ai.response.finish_reasons']).to.deep.equal(['END_TURN']);
  });

  it('has a failure if the answer is cut within a turn, also after the end of its input', async () => {
    const cut = service.audio([Buffer.alloc(480)]).slice(0, 2);
    const client = await connect([{ wait: 'sessionEnd' }, service.start(), ...cut]);
    await converse(client, [...HELLO, ...closing]);
    expect((await onlySpan()).attributes).to.include({ 'error.type': 'incomplete_stream' });
  });

  it('may break early: the span has what was said so far and no error', async () => {
    const left = await sameAsUntraced(tracing, async () => {
      const client = await connect(ENDLESS);
      const input = openInput(HELLO);
      const { body } = await client.send(command(input.body));
      let count = 0;
      for await (const output of body ?? []) {
        count++;
        if ('usageEvent' in eventOf(output)) break;
      }
      input.close();
      return count;
    });
    expect(left).to.be.greaterThan(5);
    const span = await onlySpan();
    expect(span.status.code).to.equal(0);
    expect(answerOf(span)).to.deep.equal({ type: 'text', content: 'Hi there.' });
    expect(span.attributes).to.include({ 'gen_ai.usage.input_tokens': 30, 'gen_ai.usage.output_tokens': 70 });
  });

  it('may abort: the span is a failure with what was said so far', async () => {
    await sameAsUntraced(tracing, async () => {
      const client = await connect(ENDLESS);
      const abort = new AbortController();
      const input = openInput(HELLO);
      const { body } = await client.send(command(input.body), { abortSignal: abort.signal });
      const outcome = await (async () => {
        for await (const output of body ?? []) if ('usageEvent' in eventOf(output)) abort.abort();
        return 'ended';
      })().catch(errorView);
      input.close();
      return outcome;
    });
    const span = await onlySpan();
    expect(span.status.code).to.equal(2);
    expect(span.attributes).to.include({ 'error.type': 'AbortError' });
    expect(answerOf(span)).to.deep.equal({ type: 'text', content: 'Hi there.' });
  });

  it('may destroy its client without reading: the span ends by itself', async () => {
    const client = await connect(ENDLESS);
    const { body } = await client.send(command(openInput(HELLO).body));
    client.destroy();
    const span = await onlySpan();
    expect(span.status.code).to.equal(0);
    expect(body).to.not.equal(undefined);
  });

  it('has its span ended when the instrumentation is disabled, with both directions open', async () => {
    const client = await connect(ENDLESS);
    const input = openInput(HELLO);
    const { body } = await client.send(command(input.body));
    for await (const output of body ?? []) {
      if (!('usageEvent' in eventOf(output))) continue;
      tracing.instrumentation.disable();
      expect(tracing.spans()).to.have.lengthOf(1);
      break;
    }
    input.close();
  });

  for (const [name, steps, answer, expected] of [
    [
      'throws an exception',
      [...ANSWER, { $exception: 'modelStreamErrorException' }],
      {},
      { type: 'ModelStreamErrorException', thrown: 'ModelStreamErrorException' },
    ],
    [
      'sends an error frame',
      [...ANSWER, { $error: 'InternalFailure' }],
      {},
      { type: 'InternalFailure', thrown: 'InternalFailure' },
    ],
    ['resets the stream', ANSWER, { ending: 'reset' }, { type: undefined, thrown: undefined }],
    ['ends without its closing event', ANSWER, {}, { type: 'incomplete_stream', thrown: undefined }],
  ] as const) {
    it(`sees the same if the service ${name} in mid-session: the span is a failure with what was said so far`, async () => {
      const seen = await sameAsUntraced(tracing, async () => {
        const client = await connect(steps as readonly Step[], answer);
        const input = openInput(HELLO);
        const { body } = await client.send(command(input.body));
        const outcome = await collect(body).then(() => 'ended', errorView);
        input.close();
        return outcome;
      });
      if (expected.thrown) expect(seen).to.include({ error: expected.thrown });
      const span = await onlySpan();
      expect(span.status.code).to.equal(2);
      if (expected.type) expect(span.attributes).to.include({ 'error.type': expected.type });
      else expect(span.attributes).to.include.keys('error.type');
      expect(answerOf(span)).to.deep.equal({ type: 'text', content: 'Hi there.' });
      expect(span.attributes).to.include({ 'gen_ai.usage.input_tokens': 30 });
    });
  }

  it('has a failure if the connection is lost between two turns, although the first one was complete', async () => {
    const client = await connect([...ANSWER, service.end(), { wait: 'never' }]);
    const { body } = await client.send(command(openInput(HELLO).body));
    const read = async (): Promise<void> => {
      for await (const output of body ?? []) if ('completionEnd' in eventOf(output)) void simulator?.close();
    };
    await read().catch(() => undefined);
    expect((await onlySpan()).attributes).to.include({ 'error.type': 'incomplete_stream' });
  });

  it('has a failure if the connection is lost after the application has ended the session', async () => {
    const client = await connect([...ANSWER, { wait: 'sessionEnd' }, service.usage([1, 2, 3, 4]), { wait: 'never' }]);
    const { body } = await client.send(command(sending([...HELLO, ...closing])));
    let usages = 0;
    const read = async (): Promise<void> => {
      for await (const output of body ?? []) {
        if ('usageEvent' in eventOf(output) && ++usages === 2) void simulator?.close();
      }
    };
    await read().catch(() => undefined);
    expect((await onlySpan()).attributes).to.include({ 'error.type': 'incomplete_stream' });
  });

  it('has a failure if it aborts between two turns', async () => {
    const client = await connect([...ANSWER, service.end(), { wait: 'never' }]);
    const abort = new AbortController();
    const { body } = await client.send(command(openInput(HELLO).body), { abortSignal: abort.signal });
    const read = async (): Promise<void> => {
      for await (const output of body ?? []) if ('completionEnd' in eventOf(output)) abort.abort();
    };
    await read().catch(() => undefined);
    expect((await onlySpan()).attributes).to.include({ 'error.type': 'AbortError' });
  });

  it('has a failure if the model states an error in an event', async () => {
    const client = await connect([
      ...ANSWER,
      { error: { type: 'ModelErrorException', message: 'no voice' } },
      service.end(),
    ]);
    const input = openInput(HELLO);
    const { body } = await client.send(command(input.body));
    input.close();
    await collect(body);
    const span = await onlySpan();
    expect(span.status).to.deep.equal({ code: 2, message: 'ModelErrorException: no voice' });
  });

  it('sees the same if the service refuses the session: the span is a failure with the input so far', async () => {
    const seen = await sameAsUntraced(tracing, async () => {
      await simulator?.close();
      simulator = await startSimulator();
      const client = createClient(simulator.endpoint({ scenario: 'access-denied' }));
      const input = openInput(HELLO);
      const outcome = await client.send(command(input.body)).catch(errorView);
      input.close();
      client.destroy();
      return outcome;
    });
    expect(seen).to.include({ error: 'AccessDeniedException' });
    const span = await onlySpan();
    expect(span.attributes).to.include({ 'error.type': 'AccessDeniedException', 'http.response.status_code': 403 });
    expect(json(span, 'gen_ai.system_instructions')).to.deep.equal([{ type: 'text', content: 'Be brief.' }]);
  });

  it('sees the same if its own input throws before the service answers', async () => {
    const thrown = new TypeError('no microphone');
    const seen = await sameAsUntraced(tracing, async () => {
      const client = await connect(ENDLESS);
      async function* broken(): AsyncGenerator<object> {
        yield* [];
        throw thrown;
      }
      return client.send(command(broken())).catch(errorView);
    });
    expect(JSON.stringify(seen)).to.include('no microphone');
    const span = await onlySpan();
    expect(span.status.code).to.equal(2);
    expect(span.attributes).to.include({ 'error.type': 'TypeError' });
  });

  it('sees the same if its own input throws in mid-session: the span is a failure, although the answer hangs', async () => {
    const run = async (): Promise<string> => {
      const client = await connect(ENDLESS);
      let fail = (): void => {};
      const failing = new Promise<never>((_, reject) => {
        fail = () => reject(new RangeError('microphone unplugged'));
      });
      async function* broken(): AsyncGenerator<object> {
        yield* sending(HELLO);
        await failing;
      }
      const { body } = await client.send(command(broken()));
      const reading = (async () => {
        for await (const output of body ?? []) if ('usageEvent' in eventOf(output)) fail();
        return 'ended';
      })();
      return Promise.race([reading, new Promise<string>((resolve) => setTimeout(resolve, 300, 'hangs'))]);
    };
    tracing.instrumentation.disable();
    const plain: string[] = [];
    const strays = await strayErrors(0, async () => void plain.push(await run()));
    tracing.instrumentation.enable();
    const tracedStrays = await strayErrors(0, async () => void plain.push(await run()));
    expect(plain[1]).to.equal(plain[0]);
    expect(tracedStrays.map(String)).to.deep.equal(strays.map(String));
    const span = await onlySpan();
    expect(span.status).to.deep.include({ code: 2 });
    expect(span.attributes).to.include({ 'error.type': 'RangeError' });
    expect(answerOf(span)).to.deep.equal({ type: 'text', content: 'Hi there.' });
  });

  it('has its input run in its own context, so that its spans are neither suppressed nor beneath the session', async () => {
    await tracing.close();
    tracing = startTracing({ config: { suppressInternalInstrumentation: true } });
    const client = await connect([...ANSWER, ...END]);
    const tracer = trace.getTracer('application');
    async function* working(): AsyncGenerator<object> {
      for (const event of [...HELLO, ...closing]) {
        tracer.startSpan(`send ${Object.keys(event)[0]}`).end();
        yield chunk(event);
      }
    }
    await tracer.startActiveSpan('application', async (span) => {
      const { body } = await client.send(command(working()));
      await collect(body);
      span.end();
    });
    const own = tracing.spans().filter(({ name }) => name.startsWith('send '));
    const top = tracing.spans().find(({ name }) => name === 'application');
    expect(own).to.have.lengthOf(HELLO.length + closing.length);
    expect(new Set(own.map((span) => span.parentSpanContext?.spanId))).to.deep.equal(
      new Set([top?.spanContext().spanId]),
    );
  });

  it('may send a session again after its input has failed: the span is that of the second session', async () => {
    const client = await connect([...ANSWER, ...END]);
    async function* broken(): AsyncGenerator<object> {
      yield* [];
      throw new TypeError('no microphone');
    }
    client.middlewareStack.add(
      (next) => async (args) => {
        const again = { ...args, input: { ...args.input, body: openInput([...HELLO, ...closing]).body } as never };
        return next(args).catch(() => next(again));
      },
      { step: 'initialize', priority: 'high', name: 'again' },
    );
    const { body } = await client.send(command(broken()));
    for await (const output of body ?? []) {
      if (!('completionStart' in eventOf(output))) continue;
      // The application plays audio. After a second, an input that has failed ends its span.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      expect(tracing.spans()).to.deep.equal([]);
    }
    const span = await onlySpan();
    expect(span.status.code).to.equal(0);
    expect(answerOf(span)).to.deep.equal({ type: 'text', content: 'Hi there.' });
  });

  it('may freeze its middleware stack: its events are sent as they are, and the span has the answer', async () => {
    // The application ends the session, which the span cannot know then.
    const client = await connect([...ANSWER, { wait: 'sessionEnd' }]);
    const stack = client.middlewareStack as unknown as { add(middleware: unknown, options: { name?: string }): void };
    const { add } = stack;
    stack.add = (middleware, options) => {
      if (options.name?.includes('opentelemetry')) throw new Error('is closed');
      add(middleware, options);
    };
    await converse(client, [...HELLO, ...closing]);
    const span = await onlySpan();
    expect(answerOf(span)).to.deep.equal({ type: 'text', content: 'Hi there.' });
    expect(json(span, 'gen_ai.input.messages')).to.have.nested.property('[0].parts[0].content', 'Hello');
    expect(span.attributes).to.not.have.property('gen_ai.system_instructions');
    expect(span.status.code).to.equal(0);
  });

  it('has its input observed if the client caches its handlers, and if its own middleware replaces the input', async () => {
    await simulator?.close();
    simulator = await scriptedSimulator([...ANSWER, ...END]);
    const client = createClient(simulator.url, { cacheMiddleware: true });
    clients.push(client);
    client.middlewareStack.add(
      (next) => (args) => next({ ...args, input: { ...args.input, body: sending([...HELLO, ...closing]) } as never }),
      { step: 'initialize', priority: 'low', name: 'mine' },
    );
    for (let session = 0; session < 2; session++) {
      const { body } = await client.send(command(sending([])));
      await collect(body);
    }
    await until(() => tracing.spans().length === 2);
    for (const span of tracing.spans()) {
      expect(json(span, 'gen_ai.system_instructions')).to.deep.equal([{ type: 'text', content: 'Be brief.' }]);
      expect(answerOf(span)).to.deep.equal({ type: 'text', content: 'Hi there.' });
    }
  });

  it('has its span ended when it drops the answer unread', async () => {
    const client = await connect(ENDLESS);
    const input = openInput(HELLO);
    await (async () => void (await client.send(command(input.body))))();
    const collecting = setInterval(() => globalThis.gc?.(), 5);
    await until(() => tracing.spans().length > 0).finally(() => clearInterval(collecting));
    input.close();
    expect((await onlySpan()).status.code).to.equal(0);
  });

  it('has its input observed once by two builds of this package', async () => {
    // A second instance of the module, like the CommonJS build beside the ES module build.
    const second = (await import(`${new URL('../../src/sdk/input.ts', import.meta.url)}?second`)) as {
      replaceInputs(client: object): void;
    };
    const client = await connect([...ANSWER, ...END]);
    second.replaceInputs(client);
    await converse(client, [...HELLO, ...closing]);
    const span = await onlySpan();
    expect(span.attributes).to.include({ 'aws.bedrock.voice.audio.input.duration': 0.1 });
    expect(json(span, 'gen_ai.system_instructions')).to.deep.equal([{ type: 'text', content: 'Be brief.' }]);
  });

  it('has the middleware for inputs on clients with voice sessions only', async () => {
    const client = await connect([...ANSWER, ...END]);
    const names = (): string[] => client.middlewareStack.identify().filter((name) => name.includes('opentelemetry'));
    const { ListAsyncInvokesCommand } = await import('@aws-sdk/client-bedrock-runtime');
    await client.send(new ListAsyncInvokesCommand({})).catch(() => undefined);
    expect(names()).to.deep.equal(['opentelemetry-instrumentation-bedrock - deserialize']);
    await converse(client, [...HELLO, ...closing]);
    expect(names()).to.include('opentelemetry-instrumentation-bedrock.input - initialize');
  });
});
