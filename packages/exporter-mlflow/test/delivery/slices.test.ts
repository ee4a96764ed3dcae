import { expect } from 'chai';
import { finish, Slices, type Work } from '../../src/common/slices.js';
import { encodeSpans } from '../../src/export/files/encode-spans.js';
import { Preparation } from '../../src/export/prepare.js';
import { Trace } from '../../src/export/trace/trace.js';
import { encodeEach } from '../../src/mlflow/otlp-spans.js';
import { chatAttributes, recordSpans } from '../support/tracing.js';

describe('work in slices', () => {
  const SPANS = 100;
  const spans = recordSpans((tracer) => {
    for (let n = 0; n < SPANS; n++) tracer.startSpan('chat', { attributes: chatAttributes('Hi', 'Hello') }).end();
  });

  /** Counts turns on a clock on which each piece takes `millis`. */
  async function turnsOf(work: Work<unknown>, millis: number): Promise<number> {
    let now = 0;
    let turns = 0;
    const slices = new Slices(
      async () => void turns++,
      () => now,
    );
    await slices.run(
      (function* () {
        for (const _ of { [Symbol.iterator]: () => work }) {
          now += millis;
          yield;
        }
      })(),
    );
    return turns;
  }

  const works: Record<string, () => Work<unknown>> = {
    'filtering, masking and mending spans': () =>
      new Preparation({ spanFilter: () => true, mask: (_, value) => value, onFault: () => {} }).prepare(spans),
    'reading what a record needs': () => new Trace('1'.repeat(32)).observeEach(spans),
    'encoding spans for a request': () => encodeEach(spans),
    'encoding spans for a file': () => encodeSpans(spans),
  };
  for (const [name, work] of Object.entries(works)) {
    it(`lets the application go on after each 20 ms: ${name}`, async () => {
      expect(await turnsOf(work(), 20)).to.be.at.least(SPANS);
      expect(await turnsOf(work(), 5)).to.be.at.least(SPANS / 4);
      expect(await turnsOf(work(), 0.01)).to.equal(0);
    });
  }

  it('gives the result of the work, or its error', async () => {
    function* sum(): Work<number> {
      yield;
      return 5;
    }
    // biome-ignore lint/correctness/useYield: it fails before its first piece ends
    function* fail(): Work<number> {
      throw new Error('no');
    }
    expect([await new Slices().run(sum()), finish(sum())]).to.deep.equal([5, 5]);
    const error = await new Slices().run(fail()).catch((thrown: Error) => thrown.message);
    expect(error).to.equal('no');
    expect(() => finish(fail())).to.throw('no');
  });

  it('pauses only if its time is over', async () => {
    let now = 0;
    let turns = 0;
    const slices = new Slices(
      async () => void turns++,
      () => now,
    );
    await slices.pause();
    now = 20;
    await slices.pause();
    await slices.pause();
    expect(turns).to.equal(1);
  });
});
