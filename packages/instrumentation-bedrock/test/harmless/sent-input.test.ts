/** The input that the SDK sends in the place of the application's own object. */

import { ROOT_CONTEXT } from '@opentelemetry/api';
import { expect } from 'chai';
import { withMembers } from '../../src/operations/common/sent-input.js';
import { type InputObservation, observedInput } from '../../src/sdk/input-stream.js';
import { OpenStreams } from '../../src/sdk/stream.js';

/** Keeps what an observation gets, in order. */
function recorder(): { readonly seen: unknown[]; begin(): InputObservation } {
  const seen: unknown[] = [];
  return {
    seen,
    begin: () => ({
      chunk: (value) => seen.push(value),
      end: () => seen.push('end'),
      fail: (error) => seen.push(error),
      abandon: () => seen.push('abandon'),
    }),
  };
}

const iterate = (events: unknown): AsyncIterator<unknown> => (events as AsyncIterable<unknown>)[Symbol.asyncIterator]();

describe('an input with other members', () => {
  it('has them in the place of its own, and the object of the application stays as it is', () => {
    const input = Object.freeze({ modelId: 'm', body: 'own' });
    expect(withMembers(input, { body: 'other', traceParent: 'added' })).to.deep.equal({
      modelId: 'm',
      body: 'other',
      traceParent: 'added',
    });
    expect(input).to.deep.equal({ modelId: 'm', body: 'own' });
    expect(withMembers(undefined, { body: 'other' })).to.equal(undefined);
  });

  it('keeps the class of an object, its getters and its private members', () => {
    class Input {
      readonly #modelId = 'm';
      readonly body = 'own';
      get modelId(): string {
        return this.#modelId;
      }
      describe(): string {
        return `${this.modelId} ${this.body}`;
      }
    }
    const sent = withMembers(Object.freeze(new Input()), { body: 'other', added: 1 }) as Input & { added: number };
    expect(sent).to.be.instanceOf(Input);
    expect([sent.modelId, sent.body, sent.added]).to.deep.equal(['m', 'other', 1]);
    expect({ ...sent }).to.deep.equal({ body: 'other', added: 1 });
    expect(Object.keys(sent)).to.deep.equal(['body', 'added']);
    expect('modelId' in sent && 'added' in sent).to.equal(true);
    expect(sent.describe()).to.equal('m other');
  });
});

describe('an observed input', () => {
  it('asks for a value only when the SDK does, and reports it and the end', async () => {
    const asked: number[] = [];
    async function* source(): AsyncGenerator<number> {
      for (const value of [1, 2]) {
        asked.push(value);
        yield value;
      }
    }
    const { seen, begin } = recorder();
    const iterator = iterate(observedInput(source(), ROOT_CONTEXT, begin));
    expect(asked).to.deep.equal([]);
    expect(await iterator.next()).to.deep.equal({ value: 1, done: false });
    expect(asked).to.deep.equal([1]);
    expect(await iterator.next()).to.deep.equal({ value: 2, done: false });
    expect(await iterator.next()).to.deep.equal({ value: undefined, done: true });
    expect(seen).to.deep.equal([1, 2, 'end']);
  });

  it('passes on that the SDK stops or fails, and the errors of the application', async () => {
    const left: unknown[] = [];
    const source = (): AsyncIterable<number> => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error('no microphone')),
        return: (value) => {
          left.push(['return', value]);
          return Promise.resolve({ done: true, value });
        },
        throw: (error) => {
          left.push(['throw', error]);
          return Promise.reject(error);
        },
      }),
    });
    const { seen, begin } = recorder();
    const iterator = iterate(observedInput(source(), ROOT_CONTEXT, begin));
    const error = await iterator.next().catch((thrown: unknown) => thrown);
    expect(error).to.have.property('message', 'no microphone');
    expect(await iterator.return?.('reason')).to.deep.equal({ done: true, value: 'reason' });
    expect(await iterator.throw?.('cause').catch((thrown: unknown) => thrown)).to.equal('cause');
    expect(left).to.deep.equal([
      ['return', 'reason'],
      ['throw', 'cause'],
    ]);
    expect(seen).to.deep.equal([error, 'abandon', 'abandon']);
  });

  it('has only the methods that the application’s iterator has, and leaves its object as it is', () => {
    const own = { next: () => Promise.resolve({ done: true as const, value: undefined }) };
    const source = Object.freeze({ [Symbol.asyncIterator]: () => own });
    expect(Object.keys(iterate(observedInput(source, ROOT_CONTEXT, recorder().begin)))).to.deep.equal(['next']);
    expect(Object.keys(own)).to.deep.equal(['next']);
  });

  it('is forgotten when the SDK drops it, although the application never ends it', async () => {
    const streams = new OpenStreams();
    const ended = new Promise<void>((resolve) => {
      const fail = (): void => expect.fail('the input neither ends nor fails');
      const observer = { onChunk: () => {}, onEnd: fail, onError: fail, onAbandon: resolve };
      const stuck = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
      void iterate(streams.observeInput(stuck, ROOT_CONTEXT, observer)).next();
    });
    expect(streams.size).to.equal(1);
    const collecting = setInterval(() => globalThis.gc?.(), 5);
    await ended.finally(() => clearInterval(collecting));
    expect(streams.size).to.equal(0);
  });

  it('can be an array, as for the SDK, and anything else is sent as it is', async () => {
    const { seen, begin } = recorder();
    const values: unknown[] = [];
    for await (const value of observedInput([1, Promise.resolve(2)], ROOT_CONTEXT, begin) as AsyncIterable<unknown>)
      values.push(value);
    expect(values).to.deep.equal([1, 2]);
    expect(seen).to.deep.equal([1, 2, 'end']);
    for (const other of [undefined, null, 'text', 5, {}])
      expect(observedInput(other, ROOT_CONTEXT, begin)).to.equal(other);
  });
});
