/** Unusual applications: they replace shared objects, return one object twice, or stub the SDK. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { type Context, context, DiagLogLevel, diag } from '@opentelemetry/api';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { OpenStreams, type StreamObserver } from '../../src/sdk/stream.js';
import { collect, createClient, startTracing, type Tracing, type TracingOptions } from '../support/tracing.js';

const INPUT: sdk.ConverseCommandInput = {
  modelId: 'amazon.nova-lite-v1:0',
  messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
};

const CHUNKS = [{ messageStart: { role: 'assistant' as const } }, { messageStop: { stopReason: 'end_turn' as const } }];
const streamOfChunks = (): AsyncIterable<sdk.ConverseStreamOutput> => ({
  async *[Symbol.asyncIterator]() {
    yield* CHUNKS as sdk.ConverseStreamOutput[];
  },
});

describe('odd applications', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  let client: sdk.BedrockRuntimeClient;
  const start = (options?: TracingOptions): void => {
    tracing = startTracing(options);
    client = createClient(simulator.url);
  };
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());
  afterEach(async () => {
    client.destroy();
    await tracing.close();
  });

  it('may get one stream object from a cache for several calls: each call has one span', async () => {
    start();
    const stream = streamOfChunks();
    client.middlewareStack.add(() => async () => ({ output: { $metadata: {}, stream }, response: {} }) as never, {
      step: 'initialize',
      priority: 'high',
    });
    for (let call = 0; call < 3; call++) {
      const answer = await client.send(new sdk.ConverseStreamCommand(INPUT));
      expect(await collect(answer.stream)).to.deep.equal(CHUNKS);
    }
    // The first of two calls is open while the second gets the same stream. The stream is recorded for the first one only.
    await client.send(new sdk.ConverseStreamCommand(INPUT));
    await collect((await client.send(new sdk.ConverseStreamCommand(INPUT))).stream);
    expect(tracing.spans().map(({ events }) => events.length)).to.deep.equal([2, 2, 2, 0, 2]);
  });

  it('may call back twice: the stream is recorded once', async () => {
    start();
    const stream = streamOfChunks();
    class Twice {
      readonly config = client.config;
      send(_command: sdk.ConverseStreamCommand, callback: (error: unknown, output: unknown) => void): void {
        for (const _time of [1, 2]) callback(null, { $metadata: {}, stream });
      }
    }
    tracing.instrumentation.manuallyInstrument({ BedrockRuntimeClient: Twice as never });
    let called = 0;
    new Twice().send(new sdk.ConverseStreamCommand(INPUT), () => called++);
    expect(called).to.equal(2);
    expect(tracing.spans()).to.have.lengthOf(0);
    expect(await collect(stream)).to.deep.equal(CHUNKS);
    expect(tracing.spans().map(({ events }) => events.length)).to.deep.equal([2]);
  });

  it('may keep the context of a call, as an HTTP/2 session does, without keeping the request', async () => {
    start();
    const contexts: Context[] = [];
    client.middlewareStack.add(
      (next) => (args) => {
        contexts.push(context.active());
        return next(args);
      },
      { step: 'build' },
    );
    const sent = await (async (): Promise<WeakRef<object>[]> => {
      const input = { ...INPUT };
      const command = new sdk.ConverseCommand(input);
      await client.send(command);
      return [new WeakRef(input), new WeakRef(command)];
    })();
    // The target of a new WeakRef stays alive until the end of the turn of the event loop.
    await new Promise((done) => setImmediate(done));
    globalThis.gc?.();
    expect(contexts).to.have.length(1);
    expect(sent.map((one) => one.deref())).to.deep.equal([undefined, undefined]);
  });

  it('may keep the context of a call without keeping the client', async () => {
    start();
    const contexts: Context[] = [];
    const sent = await (async (): Promise<WeakRef<object>> => {
      const own = createClient(simulator.url);
      own.middlewareStack.add(
        (next) => (args) => {
          contexts.push(context.active());
          return next(args);
        },
        { step: 'build' },
      );
      await own.send(new sdk.ConverseCommand(INPUT));
      own.destroy();
      return new WeakRef(own);
    })();
    // Sockets that have closed refer to the client for some turns.
    for (let turn = 0; turn < 100 && sent.deref(); turn++) {
      await new Promise((done) => setTimeout(done, 10));
      globalThis.gc?.();
    }
    expect(contexts).to.have.length(1);
    expect(sent.deref() === undefined).to.equal(true);
  });

  it('may replace the global Promise: streams are recorded the same', async () => {
    start();
    const original = globalThis.Promise;
    const answer = await client.send(new sdk.ConverseStreamCommand(INPUT));
    let events: unknown[];
    try {
      globalThis.Promise = class extends original<unknown> {} as PromiseConstructor;
      events = await collect(answer.stream);
    } finally {
      globalThis.Promise = original;
    }
    const [span] = tracing.spans();
    expect(span?.events).to.have.lengthOf(events.length);
    expect(span?.attributes).to.include.keys('gen_ai.usage.output_tokens');
  });

  it('may stub the client before it is instrumented, and take the stub back', async () => {
    start();
    await tracing.close();
    const prototype = sdk.BedrockRuntimeClient.prototype as { send?: unknown };
    Object.defineProperty(prototype, 'send', { value: async () => 'stub', configurable: true, writable: true });
    try {
      start();
      expect(await client.send(new sdk.ConverseCommand(INPUT))).to.equal('stub');
    } finally {
      delete prototype.send;
    }
    expect(await client.send(new sdk.ConverseCommand(INPUT))).to.have.property('stopReason', 'end_turn');
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('may wrap send repeatedly, between disable() and enable(), and has one span', async () => {
    start();
    const prototype = Object.getPrototypeOf(sdk.BedrockRuntimeClient.prototype) as {
      send: (...args: unknown[]) => unknown;
    };
    const original = prototype.send;
    try {
      for (let layer = 0; layer < 3; layer++) {
        const beneath = prototype.send;
        prototype.send = function (...args) {
          return beneath.apply(this, args);
        };
        tracing.instrumentation.disable();
        tracing.instrumentation.enable();
        tracing.instrumentation.manuallyInstrument(sdk);
      }
      await client.send(new sdk.ConverseCommand(INPUT));
    } finally {
      prototype.send = original;
    }
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('may have a diag logger that throws: the call is not affected', async () => {
    start({
      config: {
        requestHook: () => {
          throw new Error('broken hook');
        },
      },
    });
    const broken = (): never => {
      throw new Error('broken logger');
    };
    diag.setLogger({ error: broken, warn: broken, info: broken, debug: broken, verbose: broken }, DiagLogLevel.ERROR);
    const answer = await client.send(new sdk.ConverseCommand(INPUT)).finally(() => diag.disable());
    expect(answer.stopReason).to.equal('end_turn');
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('may put unknown members into its input: they are not read if content is off', async () => {
    start({ config: { captureMessageContent: false } });
    let reads = 0;
    const messages = INPUT.messages!.map((message) => ({
      ...message,
      get row() {
        reads++;
        return 'of the application';
      },
    }));
    await client.send(new sdk.ConverseCommand({ ...INPUT, messages }));
    expect(reads).to.equal(0);
  });

  it('may share objects within objects: their record is bounded', async () => {
    start();
    let shared: unknown = 'x';
    for (let level = 0; level < 60; level++) shared = [shared, shared];
    const answer = await client.send(new sdk.ConverseCommand({ ...INPUT, shared } as sdk.ConverseCommandInput));
    expect(answer.stopReason).to.equal('end_turn');
    expect(String(tracing.spans()[0]?.attributes['mlflow.spanInputs']).length).to.be.lessThan(10_000_000);
  });

  it('may configure "false" as text: no content is recorded', async () => {
    start({ config: { captureMessageContent: 'false', contentFormats: 5 } as never });
    await client.send(new sdk.ConverseCommand(INPUT));
    expect(tracing.spans()[0]?.attributes).to.not.have.any.keys('mlflow.spanInputs', 'gen_ai.input.messages');
  });
});

describe('odd iterators', () => {
  const streams = new OpenStreams();
  afterEach(() => streams.abandonAll());
  /** The calls that an observer of the stream gets; "refused" if the stream is not observed. */
  const observe = (stream: AsyncIterable<unknown>): string[] => {
    const seen: string[] = [];
    const observer: StreamObserver = {
      onChunk: () => seen.push('chunk'),
      onEnd: () => seen.push('end'),
      onError: () => seen.push('error'),
      onAbandon: () => seen.push('abandon'),
    };
    if (!streams.observe(stream, observer)) seen.push('refused');
    return seen;
  };
  const read = async (stream: AsyncIterable<unknown>): Promise<{ seen: string[]; items: unknown[] }> => {
    const seen = observe(stream);
    const items: unknown[] = [];
    try {
      for await (const item of stream) items.push(item);
    } catch (error) {
      items.push((error as Error).message);
    }
    return { seen, items };
  };
  const streamOf = (iterator: object): AsyncIterable<unknown> => ({
    [Symbol.asyncIterator]: () => iterator as AsyncIterator<unknown>,
  });
  const countTo = (last: number): (() => Promise<IteratorResult<number>>) => {
    let at = 0;
    return async () => (++at > last ? { done: true, value: undefined } : { done: false, value: at });
  };

  const refusing = { defineProperty: () => false };
  const throwing: ProxyHandler<object> = {
    defineProperty: () => {
      throw new Error('hands off');
    },
  };
  const CASES: Readonly<Record<string, () => object>> = {
    frozen: () => Object.freeze({ next: countTo(2) }),
    'with a next of their own that stays': () => Object.defineProperty({}, 'next', { value: countTo(2) }),
    'that are a proxy which refuses': () => new Proxy({ next: countTo(2) }, refusing),
    'that are a proxy which throws': () => new Proxy({ next: countTo(2) }, throwing),
  };
  for (const [name, create] of Object.entries(CASES)) {
    it(`${name} are read as without tracing, and their call ends`, async () => {
      expect(await read(streamOf(create()))).to.deep.equal({ seen: ['abandon'], items: [1, 2] });
    });
  }

  it('that throw synchronously are recorded as errors', async () => {
    const next = (): never => {
      throw new Error('at once');
    };
    expect(await read(streamOf({ next }))).to.deep.equal({ seen: ['error'], items: ['at once'] });
  });

  it('with promises of another kind are not observed', async () => {
    const results = [{ done: false, value: 1 }, { done: true }];
    // biome-ignore lint/suspicious/noThenProperty: promises of libraries are such objects.
    const next = () => ({ then: (resolve: (result: unknown) => void) => resolve(results.shift()) });
    expect(await read(streamOf({ next }))).to.deep.equal({ seen: ['abandon'], items: [1] });
  });

  it('that have ended keep no observer, even if the application keeps them', async () => {
    const iterator = { next: countTo(2) };
    const stream = streamOf(iterator);
    const observed = ((): WeakRef<StreamObserver> => {
      const observer = { onChunk() {}, onEnd() {}, onError() {}, onAbandon() {} };
      streams.observe(stream, observer);
      return new WeakRef(observer);
    })();
    for await (const _item of stream);
    // The target of a new WeakRef stays alive until the end of the turn of the event loop.
    await new Promise((done) => setImmediate(done));
    globalThis.gc?.();
    expect(observed.deref()).to.equal(undefined);
    expect(await iterator.next()).to.deep.equal({ done: true, value: undefined });
  });

  async function* generate(): AsyncGenerator<number> {
    yield 1;
    yield 2;
  }
  const withMembers = async function* (): AsyncGenerator<number> {
    yield* generate();
  };
  Object.assign(withMembers.prototype as object, { cancel: () => 'cancelled' });
  /** Iterators that are no plain generators, with a member beside the methods of an iterator. */
  const KNOWN: Readonly<Record<string, () => { stream: AsyncIterable<unknown>; iterator?: object; member?: unknown }>> =
    {
      'of a class': () => {
        class Cursor {
          readonly next = countTo(2);
          cancel(): string {
            return `cancelled ${this.constructor.name}`;
          }
        }
        const iterator = new Cursor();
        return { stream: streamOf(iterator), iterator, member: 'cancelled Cursor' };
      },
      'that are generators with a member': () => {
        const iterator = Object.assign(generate(), { cancel: () => 'cancelled' });
        return { stream: streamOf(iterator), iterator, member: 'cancelled' };
      },
      'that are the stream itself': () => {
        const iterator = generate();
        return { stream: iterator, iterator };
      },
      'whose generator function gives them members': () => ({
        stream: { [Symbol.asyncIterator]: withMembers },
        member: 'cancelled',
      }),
      'that are synchronous generators': () => ({
        stream: {
          *[Symbol.asyncIterator]() {
            yield 1;
            yield 2;
          },
        } as unknown as AsyncIterable<unknown>,
      }),
    };
  for (const [name, create] of Object.entries(KNOWN)) {
    it(`${name} stay unchanged and are observed`, async () => {
      const { stream, iterator: known, member } = create();
      const tag = Object.prototype.toString.call((known ?? create().stream[Symbol.asyncIterator]()) as object);
      const seen = observe(stream);
      const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<unknown> & { cancel?(): unknown };
      if (known) expect(iterator).to.equal(known);
      expect(Object.prototype.toString.call(iterator)).to.equal(tag);
      expect(Object.keys(iterator)).to.not.include.members(['next', 'return', 'throw']);
      expect(iterator.cancel?.()).to.equal(member);
      expect(await collect({ [Symbol.asyncIterator]: () => iterator })).to.deep.equal([1, 2]);
      expect(seen).to.deep.equal(['chunk', 'chunk', 'end']);
    });
  }

  it('that are generators receive the values of next, return and throw', async () => {
    const got: unknown[] = [];
    const stream = {
      async *[Symbol.asyncIterator](): AsyncGenerator<number, unknown, unknown> {
        try {
          got.push(yield 1);
          got.push(yield 2);
        } catch (error) {
          got.push(error);
        }
        try {
          yield 3;
        } finally {
          yield 4;
        }
        return 5;
      },
    };
    const seen = observe(stream);
    const iterator = stream[Symbol.asyncIterator]();
    expect([
      await iterator.next('ignored'),
      await iterator.next('sent'),
      await iterator.throw('thrown'),
      await iterator.return('returned'),
      await iterator.next(),
      await iterator.next(),
    ]).to.deep.equal([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: false, value: 3 },
      { done: false, value: 4 },
      { done: true, value: 'returned' },
      { done: true, value: undefined },
    ]);
    expect(got).to.deep.equal(['sent', 'thrown']);
    expect(seen).to.deep.equal(['chunk', 'chunk', 'abandon']);
  });

  it('stay with their first open call; a later call with the same iterator ends at once', async () => {
    for (const begin of [0, 1]) {
      const inner = { [Symbol.asyncIterator]: generate };
      const first = observe(inner);
      const iterator = inner[Symbol.asyncIterator]();
      for (let count = 0; count < begin; count++) await iterator.next();
      const outer = streamOf(iterator);
      const second = observe(outer);
      expect(outer[Symbol.asyncIterator]()).to.equal(iterator);
      expect(await collect(outer)).to.deep.equal([1, 2].slice(begin));
      expect(first).to.deep.equal(['chunk', 'chunk', 'end']);
      expect(second).to.deep.equal(['abandon']);
    }
  });

  it('that have ended are observed again when a later call gets them again', async () => {
    const iterator = { next: countTo(2) };
    const first = streamOf(iterator);
    const seenFirst = observe(first);
    await collect(first);
    const second = streamOf(iterator);
    const seenSecond = observe(second);
    await collect(second);
    expect([seenFirst, seenSecond]).to.deep.equal([['chunk', 'chunk', 'end'], ['end']]);
  });

  it('of an object that inherits from a stream work on that object', async () => {
    const stream = {
      last: 2,
      async *[Symbol.asyncIterator](): AsyncGenerator<number> {
        for (let item = 1; item <= this.last; item++) yield item;
      },
    };
    const seen = observe(stream);
    expect(await collect(Object.create(stream, { last: { value: 3 } }))).to.deep.equal([1, 2, 3]);
    expect(seen).to.deep.equal(['chunk', 'chunk', 'chunk', 'end']);
  });

  it('of one stream are all observed for its open call; later calls are refused meanwhile', async () => {
    const stream = { [Symbol.asyncIterator]: generate };
    const first = observe(stream);
    const begun = stream[Symbol.asyncIterator]();
    await begun.next();
    for (let call = 0; call < 1_000; call++) expect(observe(stream)).to.deep.equal(['refused']);
    expect(await collect(stream)).to.deep.equal([1, 2]);
    expect(first).to.deep.equal(['chunk', 'chunk', 'chunk', 'end']);
    await begun.next();
    await begun.next();
    expect(first).to.have.lengthOf(4);
    const last = observe(stream);
    expect(await collect(stream)).to.deep.equal([1, 2]);
    expect(last).to.deep.equal(['chunk', 'chunk', 'end']);
  });

  it('can outlive their stream before and after the first read, and end their call when they are collected', async () => {
    for (const open of [
      () => ({ [Symbol.asyncIterator]: generate }),
      () => streamOf(generate()),
      () => streamOf({ next: countTo(2) }),
    ]) {
      const seen: string[][] = [];
      const begin = async (reads: number): Promise<AsyncIterator<unknown>> => {
        const stream = open();
        seen.push(observe(stream));
        const iterator = stream[Symbol.asyncIterator]();
        for (let read = 0; read < reads; read++) await iterator.next();
        return iterator;
      };
      const collectGarbage = async (): Promise<void> => {
        for (let turn = 0; turn < 5; turn++) {
          await new Promise((done) => setImmediate(done));
          globalThis.gc?.();
        }
      };
      const kept = await begin(1);
      await begin(1);
      const unread = await begin(0);
      await collectGarbage();
      expect(seen).to.deep.equal([['chunk'], ['chunk', 'abandon'], []]);
      for (const iterator of [kept, unread]) while (!(await iterator.next()).done);
      expect(seen[0]).to.deep.equal(['chunk', 'chunk', 'end']);
      expect(seen[2]).to.deep.equal(['chunk', 'chunk', 'end']);
    }
  });

  it('get exactly the arguments of the application', async () => {
    const asked: unknown[][] = [];
    const answer = async (...args: unknown[]) => {
      asked.push(args);
      return { done: false, value: 0 };
    };
    const stream = streamOf({ next: answer, return: answer, throw: answer });
    observe(stream);
    const iterator = stream[Symbol.asyncIterator]() as unknown as Record<'next' | 'return' | 'throw', typeof answer>;
    for (const method of ['next', 'return', 'throw'] as const) {
      await iterator[method]();
      await iterator[method](undefined);
      await iterator[method](method, 2);
    }
    expect(asked).to.deep.equal(['next', 'return', 'throw'].flatMap((method) => [[], [undefined], [method, 2]]));
  });

  it('are created with the arguments of the application', () => {
    const asked: unknown[] = [];
    const stream = {
      [Symbol.asyncIterator](...args: unknown[]) {
        asked.push(...args);
        return { next: countTo(0) };
      },
    };
    const ignore = (): void => undefined;
    streams.observe(stream, { onChunk: ignore, onEnd: ignore, onError: ignore, onAbandon: ignore });
    (stream[Symbol.asyncIterator] as (options: unknown) => unknown)({ preventCancel: true });
    expect(asked).to.deep.equal([{ preventCancel: true }]);
  });
});
