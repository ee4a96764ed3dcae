/** Handlers of AWS Lambda that flush before they answer. */

import { diag, trace } from '@opentelemetry/api';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Callback, Context, Handler, SQSHandler } from 'aws-lambda';
import { expect } from 'chai';
import { withFlush } from '../../src/index.js';

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

describe('withFlush()', () => {
  /** What happened, in its order. */
  let log: string[];
  let flush: () => Promise<void>;
  const provide = (): void => {
    const processor: SpanProcessor = {
      onStart() {},
      onEnd() {},
      shutdown: async () => {},
      forceFlush: async () => {
        await new Promise(setImmediate);
        log.push('flush');
        await flush();
      },
    };
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  };
  const contextOf = (millis: number): Context => {
    const deadline = performance.now() + millis;
    return { getRemainingTimeInMillis: () => deadline - performance.now() } as Context;
  };
  const noCallback: Callback = () => log.push('callback');
  beforeEach(() => {
    log = [];
    flush = async () => {};
    const ignore = () => {};
    diag.setLogger({ ...console, verbose: ignore, error: ignore, warn: (text) => log.push(text) });
    provide();
  });
  afterEach(() => {
    trace.disable();
    diag.disable();
  });

  it('flushes before the promise of the handler resolves with its result', async () => {
    const result = {};
    const handler: Handler<string, object> = async (event) => {
      log.push(event);
      return result;
    };
    expect(await withFlush(handler)('event', contextOf(10_000), noCallback)).to.equal(result);
    expect(log).to.deep.equal(['event', 'flush']);
  });

  it('rejects with the error of the handler, even if the flush fails', async () => {
    const failure = new RangeError('of the application');
    flush = () => Promise.reject(new Error('of the flush'));
    const handler = withFlush(async () => Promise.reject(failure));
    expect(await handler().catch((error: unknown) => error)).to.equal(failure);
    expect(log).to.include('flush');
  });

  it('flushes before the callback of the handler is called', async () => {
    const handler = withFlush<Handler<string, string>>((event, _, callback) => callback(null, `${event} answered`));
    const results = await new Promise<unknown[]>((resolve) => {
      expect(handler('event', contextOf(10_000), (...all) => resolve(all))).to.equal(undefined);
    });
    expect(results).to.deep.equal([null, 'event answered']);
    expect(log).to.deep.equal(['flush']);
  });

  it('flushes after a streamed response, and is known as a streaming handler', async () => {
    const stream = { end: () => log.push('end') };
    const streaming = async (_event: unknown, response: typeof stream, _context: Context): Promise<void> => {
      response.end();
    };
    const streamifyResponse = <Kind extends object>(handler: Kind): Kind =>
      Object.assign(handler, { [STREAMING]: 'response' });
    for (const handler of [streamifyResponse(withFlush(streaming)), withFlush(streamifyResponse(streaming))]) {
      log = [];
      await handler({}, stream, contextOf(10_000));
      expect(log).to.deep.equal(['end', 'flush']);
      expect(handler).to.have.property(STREAMING, 'response');
    }
  });

  it('keeps what Lambda reads from the function: parameters, name and whether it is async', () => {
    async function two(_event: unknown, _context: unknown): Promise<void> {}
    function three(_event: unknown, _context: unknown, _callback: unknown): void {}
    expect(withFlush(two)).to.have.length(2).and.to.have.property('name', 'two');
    expect(withFlush(three)).to.have.length(3);
    const kind = (value: unknown): string => Object.prototype.toString.call(value);
    expect([withFlush(two), withFlush(three)].map(kind)).to.deep.equal([two, three].map(kind));
    expect(withFlush(two).constructor).to.equal(two.constructor);
  });

  it('leaves a handler that is missing to Lambda', () => {
    expect(withFlush(undefined as never)).to.equal(undefined);
  });

  it('passes `this`, values that are no promise, and errors that are thrown at once', () => {
    const failure = new Error('of the application');
    const handler = withFlush(function (this: unknown, error?: Error) {
      if (error) throw error;
      return this;
    });
    const owner = { handler };
    expect(owner.handler()).to.equal(owner);
    expect(() => handler(failure)).to.throw(failure);
  });

  it('keeps the result of a handler whose event cannot be read', async () => {
    const event = new Proxy({}, { get: () => expect.fail('read') });
    const handler = withFlush(async (_event: unknown, _context: Context) => 'answer');
    expect(await handler(event, contextOf(10_000))).to.equal('answer');
  });

  it('answers half a second before the timeout of the function, and logs it once', async () => {
    flush = () => new Promise(() => {});
    const handler = withFlush(async (_event: unknown, _context: Context) => 'answer');
    const started = performance.now();
    expect(await handler({}, contextOf(700))).to.equal('answer');
    expect(performance.now() - started).to.be.within(150, 650);
    expect(await handler({}, contextOf(100))).to.equal('answer');
    expect(performance.now() - started).to.be.below(1000);
    expect(log.filter((line) => line !== 'flush')).to.deep.equal([
      "mlflow-bedrock: withFlush() stopped to wait, because the function's timeout was near. Spans that were not sent " +
        'follow with the next invocation, or are lost. Raise the timeout of the function.',
    ]);
  });

  it('leaves no timer', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    // Mocha starts its own timer after the test has returned its promise.
    await new Promise(setImmediate);
    const before = timers();
    await withFlush(async (_event: unknown, _context: Context) => {})({}, contextOf(60_000));
    expect(timers()).to.be.at.most(before);
  });

  it('logs once that tracing was not started', async () => {
    trace.disable();
    const handler: SQSHandler = withFlush(async () => {});
    await handler({ Records: [] }, contextOf(10_000), noCallback);
    await handler({ Records: [] }, contextOf(10_000), noCallback);
    expect(log).to.deep.equal([
      'mlflow-bedrock: withFlush() has nothing to flush, because tracing was not started. Set ' +
        'NODE_OPTIONS="--import mlflow-bedrock/register", or call autolog() before the handler.',
    ]);
  });
});
