/** Scenarios of streams with and without the instrumentation: aborts, errors, lost connections, all ways to read. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { context, DiagConsoleLogger, DiagLogLevel, diag, SpanStatusCode, trace } from '@opentelemetry/api';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { errorView, http1Handler, sameAsUntraced, strayErrors, turns, until } from './compare.js';
import { OLD_CLIENTS, respondToStreams, type StreamingClient, type StreamingOperation } from './streaming.js';
import { startTracing, type Tracing } from './tracing.js';

/** What a reader sees: the events and the error after them. */
async function read(stream: AsyncIterable<object>, onEvent: (count: number) => void = () => undefined) {
  const events: string[] = [];
  try {
    for await (const event of stream) {
      events.push(Object.keys(event).join());
      onEvent(events.length);
    }
    return { events };
  } catch (error) {
    return { events, ...errorView(error) };
  }
}

/** Runs every scenario with each of the operations. */
export function describeStreams(operations: Readonly<Record<string, StreamingOperation>>): void {
  for (const [name, operation] of Object.entries(operations)) {
    describe(`${name}: streams are the same with and without tracing`, () => describeStream(operation));
  }
}

function describeStream({ createClient, open }: StreamingOperation): void {
  let simulator: Simulator;
  let tracing: Tracing;
  let client: StreamingClient;
  /** Warnings of OpenTelemetry and of the instrumentation, for example about the use of an ended span. */
  let warnings: unknown[];
  before(async () => {
    simulator = await startSimulator({ respond: respondToStreams });
  });
  after(() => simulator.close());
  beforeEach(() => {
    warnings = [];
    const warn = (...args: unknown[]): void => void warnings.push(args);
    tracing = startTracing();
    tracing.instrumentation.manuallyInstrument(OLD_CLIENTS);
    diag.setLogger({ ...new DiagConsoleLogger(), error: warn, warn }, DiagLogLevel.WARN);
    client = createClient(simulator.url);
  });
  afterEach(async () => {
    client.destroy();
    await tracing.close();
    diag.disable();
    expect(warnings).to.deep.equal([]);
  });

  const long = (chunks = 200): string =>
    simulator.endpoint({ scenario: 'stream', parameters: { chunks, interval: 1 } });
  const useClient = (endpoint: string): StreamingClient => {
    client.destroy();
    client = createClient(endpoint);
    return client;
  };

  it('fails the same if it is aborted before it is sent', async () => {
    const abortSignal = AbortSignal.abort();
    const seen = await sameAsUntraced(tracing, () => open(client, { abortSignal }).catch(errorView));
    expect(seen).to.have.property('error', 'AbortError');
    expect(tracing.spans()[0]?.attributes['error.type']).to.equal('AbortError');
  });

  it('fails the same if it is aborted before the first event', async () => {
    const slow = useClient(simulator.endpoint({ scenario: 'hang' }));
    const seen = await sameAsUntraced(tracing, async () => {
      const controller = new AbortController();
      const answer = open(slow, { abortSignal: controller.signal }).catch(errorView);
      const asked = simulator.requests.length;
      await until(() => simulator.requests.length > asked);
      controller.abort();
      return answer;
    });
    expect(seen).to.have.property('error', 'AbortError');
    expect(tracing.spans()[0]?.attributes['error.type']).to.equal('AbortError');
  });

  it('ends the same if it is aborted in mid-stream, and is recorded as aborted', async () => {
    const slow = useClient(long());
    const seen = await sameAsUntraced(tracing, async () => {
      const controller = new AbortController();
      const stream = await open(slow, { abortSignal: controller.signal });
      const { events, ...end } = await read(stream, (count) => count === 5 && controller.abort());
      return { ...end, isShort: events.length < 200, first: events.slice(0, 5) };
    });
    expect(seen.isShort).to.equal(true);
    const [span] = tracing.spans();
    expect(span?.attributes['error.type']).to.equal('AbortError');
    expect(span?.events.length).to.be.at.least(5);
  });

  it('stays the same if it is aborted after its end', async () => {
    await sameAsUntraced(tracing, async () => {
      const controller = new AbortController();
      const seen = await read(await open(client, { abortSignal: controller.signal }));
      controller.abort();
      await turns(2);
      return seen;
    });
    expect(tracing.spans().map(({ status }) => status.code)).to.deep.equal([SpanStatusCode.UNSET]);
  });

  for (const [where, after, scenario] of [
    ['in mid-stream', 3, 'mid-stream-error'],
    ['in the first frame', 0, 'mid-stream-error'],
    ['as an error frame', 3, 'error-frame'],
  ] as const) {
    it(`returns the same events and error if it fails ${where}`, async () => {
      const failing = useClient(simulator.endpoint({ scenario, parameters: { after } }));
      const seen = await sameAsUntraced(tracing, () => open(failing).then(read, errorView));
      expect(seen).to.have.property('error');
      const [span, ...others] = tracing.spans();
      expect(others).to.deep.equal([]);
      expect(span?.status.code).to.equal(SpanStatusCode.ERROR);
      expect(span?.attributes['error.type']).to.equal((seen as { error: string }).error);
      // The error has no metadata of the HTTP exchange; they come from the head of the answer.
      expect(span?.attributes).to.include({ 'http.response.status_code': 200 });
      expect(span?.attributes['aws.request_id']).to.match(/^[0-9a-f-]{36}$/);
    });
  }

  for (const [version, config] of [
    ['HTTP/2', {}],
    ['HTTP/1.1', http1Handler()],
  ] as const) {
    it(`causes no stray error if it is never read and its ${version} connection drops, and the span ends`, async () => {
      const strays = await sameAsUntraced(tracing, () =>
        strayErrors(0, async () => {
          const dropping = await startSimulator({ respond: respondToStreams });
          const endpoint = dropping.endpoint({ scenario: 'stream', parameters: { chunks: 500, interval: 1 } });
          const leaving = createClient(endpoint, config);
          await open(leaving);
          await dropping.close();
          leaving.destroy();
        }),
      );
      expect(strays).to.deep.equal([]);
      await until(() => {
        globalThis.gc?.();
        return tracing.spans().length > 0;
      });
    });

    it(`is read the same if its client is destroyed in the middle, over ${version}`, async () => {
      await sameAsUntraced(tracing, async () => {
        const leaving = createClient(long(20), config);
        return read(await open(leaving), (count) => count === 3 && leaving.destroy());
      });
      expect(tracing.spans()).to.have.lengthOf(1);
    });
  }

  it('is read the same by one reader after the other', async () => {
    await sameAsUntraced(tracing, async () => {
      const stream = await open(client);
      return [await read(stream), await read(stream)];
    });
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('is shared the same by two readers at once, and each event is recorded once', async () => {
    const both = await sameAsUntraced(tracing, async () => {
      const stream = await open(client);
      return Promise.all([read(stream), read(stream)]);
    });
    expect(tracing.spans()).to.have.lengthOf(1);
    expect(tracing.spans()[0]?.events.length).to.equal(both[0].events.length + both[1].events.length);
  });

  it('returns the same from next, return and throw, which end the span', async () => {
    const failure = new Error('thrown in');
    const stops: readonly (readonly [(iterator: AsyncIterator<object>) => unknown, unknown])[] = [
      [(iterator) => iterator.return?.('done'), { done: true, value: 'done' }],
      [(iterator) => iterator.throw?.(failure).catch((error: unknown) => error), failure],
    ];
    for (const [index, [stop, answer]] of stops.entries()) {
      const steps = await sameAsUntraced(tracing, async () => {
        const iterator = (await open(client))[Symbol.asyncIterator]() as AsyncIterableIterator<object>;
        const isItself = iterator[Symbol.asyncIterator]() === iterator;
        const prototype = Object.prototype.toString.call(iterator);
        return [isItself, prototype, await iterator.next(), await stop(iterator), await iterator.next()];
      });
      expect(steps[3]).to.deep.equal(answer);
      expect(steps[4]).to.deep.equal({ done: true, value: undefined });
      expect(tracing.spans()).to.have.lengthOf(index + 1);
      expect(tracing.spans()[index]?.status.code).to.equal(SpanStatusCode.UNSET);
    }
  });

  it('is disposed of the same if Node supports that, and the span ends', async () => {
    const seen = await sameAsUntraced(tracing, async () => {
      const iterator = (await open(client))[Symbol.asyncIterator]() as AsyncGenerator<object>;
      await iterator.next();
      const dispose = iterator[Symbol.asyncDispose] as (() => PromiseLike<void>) | undefined;
      return [typeof dispose, await dispose?.call(iterator), await (dispose ? iterator.next() : iterator.return(1))];
    });
    expect(seen[2]).to.have.property('done', true);
    expect(tracing.spans().map(({ status }) => status.code)).to.deep.equal([SpanStatusCode.UNSET]);
  });

  it('is read the same through Readable.from, pipe, pipeline and pipeThrough', async () => {
    const sink = (into: unknown[]) =>
      new Writable({ objectMode: true, write: (event, _encoding, done) => done(void into.push(event)) });
    const ways: ((stream: AsyncIterable<object>, into: unknown[]) => Promise<unknown>)[] = [
      (stream, into) =>
        new Promise((resolve) =>
          Readable.from(stream)
            .pipe(sink(into))
            .on('finish', () => resolve(undefined)),
        ),
      (stream, into) => pipeline(stream, sink(into)),
      async (stream, into) => {
        const through = Readable.toWeb(Readable.from(stream)).pipeThrough(new TransformStream());
        for await (const event of through) into.push(event);
      },
      (stream, into) =>
        new Promise((resolve) => {
          const readable = Readable.from(stream);
          readable.on('data', (event) => into.push(event) === 3 && readable.destroy()).on('close', () => resolve(1));
        }),
    ];
    // More events than a Readable reads ahead, because the last way stops in the middle of the stream.
    const slow = useClient(long(40));
    for (const [index, way] of ways.entries()) {
      await sameAsUntraced(tracing, async () => {
        const into: unknown[] = [];
        await way(await open(slow), into);
        return into.map((event) => Object.keys(event as object));
      });
      await turns(2);
      expect(tracing.spans()).to.have.lengthOf(index + 1);
      expect(tracing.spans()[index]?.status.code).to.equal(SpanStatusCode.UNSET);
    }
  });

  it('leaves the async context of the loop, of listeners and of the code after it', async () => {
    const storage = new AsyncLocalStorage<string>();
    const caller = trace.getTracer('test').startSpan('caller');
    const seen = await sameAsUntraced(tracing, () =>
      storage.run('app', () =>
        context.with(trace.setSpan(context.active(), caller), async () => {
          const places: unknown[] = [];
          const look = (place: string) => places.push([place, storage.getStore(), trace.getActiveSpan() === caller]);
          const stream = await open(client);
          look('after send');
          for await (const _event of stream) {
            look('loop');
            await storage.run('inner', async () => look('inner'));
            if (places.length > 6) break;
          }
          look('after break');
          const listening = Readable.from(await open(client)).on('data', () => look('listener'));
          await new Promise((resolve) => listening.on('end', resolve));
          look('after end');
          return places;
        }),
      ),
    );
    expect(seen).to.deep.equal(
      (seen as string[][]).map(([place]) => [place, place === 'inner' ? 'inner' : 'app', true]),
    );
  });

  it('causes one unhandled rejection if no caller handles its error', async () => {
    const failing = useClient(simulator.endpoint({ scenario: 'mid-stream-error', parameters: { after: 1 } }));
    const strays = await sameAsUntraced(tracing, async () => {
      const iterator = (await open(failing))[Symbol.asyncIterator]();
      await iterator.next();
      const errors = await strayErrors(1, () => void iterator.next());
      return errors.map(errorView);
    });
    expect(strays).to.have.lengthOf(1);
    expect(strays[0])
      .to.have.property('error')
      .that.matches(/Exception$/);
  });
}
