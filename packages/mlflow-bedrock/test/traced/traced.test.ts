import { SpanStatusCode, trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import { setContentConfig } from '../../src/current-trace/content-config.js';
import { type SpanType, traced } from '../../src/index.js';
import { json, type Recording, recordSpans } from '../support/spans.js';

const noWarning = (message: string): void => {
  throw new Error(message);
};

describe('traced', () => {
  let recording: Recording;
  beforeEach(() => {
    recording = recordSpans();
  });
  afterEach(async () => {
    setContentConfig(undefined);
    await recording.stop();
  });

  const inputs = (name: string) => json(recording.span(name).attributes, 'mlflow.spanInputs');
  const outputs = (name: string) => json(recording.span(name).attributes, 'mlflow.spanOutputs');
  const isBelow = (child: string, parent: string) =>
    expect(recording.span(child).parentSpanContext?.spanId).to.equal(recording.span(parent).spanContext().spanId);

  it('keeps arguments, result, this, name and length of a function', () => {
    const counter = {
      base: 3,
      add: traced('add', function add(this: { base: number }, left: number, right: number): number {
        return this.base + left + right;
      }),
    };

    const sum: number = counter.add(1, 2);

    expect(sum).to.equal(6);
    expect(counter.add).to.include({ name: 'add', length: 2 });
    expect(inputs('add')).to.deep.equal({ left: 1, right: 2 });
    expect(outputs('add')).to.equal(6);
    expect(recording.span('add').attributes['mlflow.spanType']).to.equal('UNKNOWN');
  });

  it('leaves parameters without annotation to the compiler, as in a function that is not traced', () => {
    const length: (text: string) => number = traced('length', (text) => text.length);
    // @ts-expect-error The type of the parameter is unknown: an error with `strict`, and `any` in JavaScript.
    const first = traced('first', (items) => items[0]);
    expect([length('four'), first(['one'])]).to.deep.equal([4, 'one']);
  });

  it('makes spans inside it its children, also after an await', async () => {
    const inner = traced('inner', async (word: string) => word.toUpperCase());
    const outer = traced({ name: 'outer', spanType: 'CHAIN', attributes: { team: 'travel' } }, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return inner('hello');
    });

    expect(await outer()).to.equal('HELLO');
    isBelow('inner', 'outer');
    expect(recording.span('outer').attributes).to.include({ 'mlflow.spanType': 'CHAIN', team: 'travel' });
    expect(outputs('outer')).to.equal('HELLO');
    expect(recording.spans()).to.have.length(2);
  });

  it('records arguments by name, else a single object as it is, else the list', async () => {
    traced('named', (first: number, second?: number) => [first, second])(1);
    traced('object', ({ city }: { city: string }) => city)({ city: 'Paris' });
    traced('rest', (...words: string[]) => words)('a', 'b');
    await traced('one name', async (query: string) => query)('weather');
    traced('none', () => 1)();
    traced('native', Math.max as (...values: number[]) => number)(4, 5);

    expect(inputs('named')).to.deep.equal({ first: 1 });
    expect(inputs('object')).to.deep.equal({ city: 'Paris' });
    expect(inputs('rest')).to.deep.equal(['a', 'b']);
    expect(inputs('one name')).to.deep.equal({ query: 'weather' });
    expect(inputs('none')).to.deep.equal({});
    expect(inputs('native')).to.deep.equal([4, 5]);
  });

  it('makes any value safe to record', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    let toJsonCalls = 0;
    const toJSON = () => ++toJsonCalls;
    const value = { cycle, bytes: new Uint8Array([1, 2]), big: 7n, date: new Date(0), toJSON };

    const same = traced('odd', (input: typeof value) => input)(value);

    expect(same).to.equal(value);
    expect(toJsonCalls).to.equal(0);
    expect(outputs('odd')).to.deep.equal({
      cycle: { self: '[circular]' },
      bytes: 'AQI=',
      big: 7,
      date: '1970-01-01T00:00:00.000Z',
    });
  });

  it('keeps the digits of big integers, in input, output and the items of a generator', () => {
    traced('big', (id: bigint) => ({ id }))(1152921504606846977n);
    const ids = traced('ids', function* () {
      yield 1152921504606846977n;
    });
    expect([...ids()]).to.have.lengthOf(1);

    const { attributes } = recording.span('big');
    expect(attributes['mlflow.spanInputs']).to.equal('{"id":1152921504606846977}');
    expect(attributes['mlflow.spanOutputs']).to.equal('{"id":1152921504606846977}');
    expect(recording.span('ids').attributes['mlflow.spanOutputs']).to.equal('[1152921504606846977]');
  });

  it('cuts long text between characters, and keeps base64 whole', () => {
    setContentConfig(resolveConfig({ maxContentLength: 12 }, {}, noWarning));
    const bytes = Buffer.from(Array.from({ length: 90 }, (_, index) => (index * 89) % 256));
    traced('cut', (text: string, data: string, raw: Uint8Array) => [text, data, raw].length)(
      'Ahoi, Crew 🚀 los',
      bytes.toString('base64'),
      bytes,
    );

    expect(inputs('cut')).to.deep.equal({
      text: 'Ahoi, Crew … [6 more characters not recorded]',
      data: bytes.toString('base64'),
      raw: bytes.toString('base64'),
    });
  });

  it('records no more of a call than maxRecordLength, in all attributes together', () => {
    setContentConfig(resolveConfig({ maxRecordLength: 4000 }, {}, noWarning));
    const words = 'A few words. '.repeat(1000);
    traced({ name: 'long', spanType: 'TOOL' }, (text: string) => ({ text, id: 7 }))(words);
    traced('wide', (list: number[]) => list.length)(Array.from({ length: 5000 }, (_, index) => index));

    const { attributes } = recording.span('long');
    expect(JSON.stringify(Object.values(attributes))).to.have.length.within(3000, 4500);
    expect(JSON.parse(String(attributes['mlflow.spanInputs'])).text).to.match(/more characters not recorded\]$/);
    expect(JSON.parse(String(attributes['mlflow.spanOutputs']))).to.include({ id: 7 });
    expect(attributes['gen_ai.tool.call.result']).to.equal(attributes['mlflow.spanOutputs']);
    const wide = recording.span('wide').attributes['mlflow.spanInputs'];
    expect(JSON.parse(String(wide))).to.match(/^\[content of \d+ characters not recorded\]$/);

    const fails = traced('fails', () => {
      throw new Error(words);
    });
    expect(fails).to.throw(words);
    const { events, status } = recording.span('fails');
    expect(JSON.stringify([events, status])).to.have.length.below(2000);
    expect(status.message).to.match(/more characters not recorded\]$/);
  });

  it('passes the same error on and records it', async () => {
    const error = new RangeError('too far');
    const fails = traced('fails', () => {
      throw error;
    });
    const rejects = traced('rejects', async () => {
      throw error;
    });

    expect(fails).to.throw(error);
    expect(await rejects().catch((caught: unknown) => caught)).to.equal(error);
    for (const name of ['fails', 'rejects']) {
      const { status, events, attributes } = recording.span(name);
      expect(status).to.deep.equal({ code: SpanStatusCode.ERROR, message: 'RangeError: too far' });
      expect(events).to.have.length(1);
      expect(events[0]?.attributes).to.include({ 'exception.type': 'RangeError', 'exception.message': 'too far' });
      expect(attributes['error.type']).to.equal('RangeError');
    }
  });

  it('leaves an unhandled rejection unhandled', async () => {
    const error = new Error('not handled');
    const listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    try {
      const reported = new Promise((resolve) => process.once('unhandledRejection', resolve));
      void traced('lost', async () => Promise.reject(error))();
      expect(await reported).to.equal(error);
    } finally {
      for (const listener of listeners) process.on('unhandledRejection', listener);
    }
  });

  it('returns a proxy whose traps all throw', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(traced('refused', () => proxy)() === proxy).to.equal(true);
    expect(recording.spans()).to.have.length(1);
  });

  it('returns a thenable that is not a promise unchanged, without running it', () => {
    let runs = 0;
    const query = {
      // biome-ignore lint/suspicious/noThenProperty: query builders have a method then().
      then: () => {
        runs++;
      },
    };
    expect(traced('query', () => query)()).to.equal(query);
    expect(runs).to.equal(0);
    expect(recording.span('query').ended).to.equal(true);
  });

  describe('of a generator', () => {
    const numbers = traced('numbers', function* (limit: number): Generator<number, string, undefined> {
      for (let number = 0; number < limit; number++) yield inner(number);
      return 'done';
    });
    const inner = traced('inner', (number: number) => number);
    const letters = traced('letters', async function* (word: string) {
      for (const letter of word) {
        await new Promise((resolve) => setImmediate(resolve));
        if (letter === '!') throw new Error('no letter');
        yield letter;
      }
    });

    it('has a span until its end with all items as output', async () => {
      expect([...numbers(3)]).to.deep.equal([0, 1, 2]);
      const read: string[] = [];
      for await (const letter of letters('abc')) read.push(letter);

      expect(read.join('')).to.equal('abc');
      expect(inputs('numbers')).to.deep.equal({ limit: 3 });
      expect(outputs('numbers')).to.deep.equal([0, 1, 2]);
      expect(outputs('letters')).to.deep.equal(['a', 'b', 'c']);
      const { spanId } = recording.span('numbers').spanContext();
      const below = recording.spans().filter((span) => span.parentSpanContext?.spanId === spanId);
      expect(below.map((span) => span.name)).to.deep.equal(['inner', 'inner', 'inner']);
    });

    it('ends its span once when the reader stops early, also with later calls', async () => {
      const generator = numbers(10);
      for (const number of generator) if (number === 1) break;
      expect(generator.return('late').value).to.equal('late');
      for await (const _ of letters('abc')) break;

      expect(outputs('numbers')).to.deep.equal([0, 1]);
      expect(outputs('letters')).to.deep.equal(['a']);
      expect(recording.span('letters').status.code).to.equal(SpanStatusCode.UNSET);
    });

    it('records its error and the items before the error', async () => {
      const read: string[] = [];
      try {
        for await (const letter of letters('ab!')) read.push(letter);
        expect.fail('it should throw');
      } catch (error) {
        expect((error as Error).message).to.equal('no letter');
      }
      expect(outputs('letters')).to.deep.equal(['a', 'b']);
      expect(recording.span('letters').status).to.deep.equal({
        code: SpanStatusCode.ERROR,
        message: 'Error: no letter',
      });

      const thrown = new Error('from outside');
      const generator = numbers(10);
      generator.next();
      expect(() => generator.throw(thrown)).to.throw(thrown);
      expect(recording.span('numbers').status.message).to.equal('Error: from outside');
    });

    it('has no span when it is never read', () => {
      const generator = numbers(3);
      expect(generator.return('closed')).to.deep.equal({ done: true, value: 'closed' });
      expect(generator.next().done).to.equal(true);
      numbers(5);
      expect(recording.spans()).to.deep.equal([]);
    });

    it('ends its span when the application drops it before the end', async () => {
      (() => {
        numbers(10).next();
      })();
      const { gc } = globalThis;
      if (gc === undefined) throw new Error('run with --expose-gc');
      for (let turn = 0; turn < 200 && !recording.spans().some((span) => span.name === 'numbers'); turn++) {
        gc();
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(outputs('numbers')).to.deep.equal([0]);
    });

    it('belongs to the trace of its call and has the prototype of the original', () => {
      // Not returned, because traced() would put a returned generator into the span of this function.
      const [kept] = traced('caller', () => [numbers(2)])() as [ReturnType<typeof numbers>];
      expect(Object.prototype.toString.call(kept)).to.equal('[object Generator]');
      expect(kept[Symbol.iterator]()).to.equal(kept);
      expect([...kept]).to.deep.equal([0, 1]);
      isBelow('numbers', 'caller');
      expect(trace.getActiveSpan()).to.equal(undefined);
    });

    it('records at most a thousand items', () => {
      const many = traced('many', function* () {
        for (let number = 0; number < 1500; number++) yield number;
      });
      expect([...many()]).to.have.length(1500);
      const recorded = outputs('many') as unknown[];
      expect(recorded).to.have.length(1001);
      expect(recorded[1000]).to.equal('[500 more items not recorded]');
    });
  });

  it('sets the attributes of the GenAI conventions for agents, tools and retrievers', () => {
    const call = (name: string, spanType: SpanType) =>
      traced({ name, spanType }, (query: string) => `${query}: sunny`)('Paris');
    call('planner', 'AGENT');
    call('get_weather', 'TOOL');
    call('documents', 'RETRIEVER');

    expect(recording.span('planner').attributes).to.include({
      'mlflow.spanType': 'AGENT',
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'planner',
    });
    expect(recording.span('get_weather').attributes).to.include({
      'mlflow.spanType': 'TOOL',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'get_weather',
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.arguments': '{"query":"Paris"}',
      'gen_ai.tool.call.result': '"Paris: sunny"',
    });
    expect(recording.span('documents').attributes).to.include({ 'gen_ai.operation.name': 'retrieval' });
  });

  it('records no content when it is off, also not in errors', () => {
    setContentConfig(resolveConfig({ captureMessageContent: false }, {}, noWarning));
    const tool = traced({ name: 'secret', spanType: 'TOOL' }, (_word: string) => {
      throw new Error('the secret is swordfish');
    });
    expect(() => tool('swordfish')).to.throw('swordfish');

    const { attributes, events, status } = recording.span('secret');
    expect(JSON.stringify([attributes, events, status])).not.to.include('swordfish');
    expect(status.message).to.equal('Error');

    const words = traced('words', function* () {
      yield 'swordfish';
    });
    expect([...words()]).to.deep.equal(['swordfish']);
    expect(JSON.stringify(recording.span('words').attributes)).not.to.include('swordfish');
  });

  it('records only a tool’s content if that of MLflow is off', () => {
    setContentConfig(resolveConfig({ contentFormats: ['gen_ai'] }, {}, noWarning));
    traced('greet', (name: string) => `Hello ${name}`)('ada');
    traced({ name: 'find', spanType: 'TOOL' }, (name: string) => `Found ${name}`)('ada');
    expect([inputs('greet'), outputs('greet'), inputs('find'), outputs('find')]).to.deep.equal(
      Array(4).fill(undefined),
    );
    expect(JSON.stringify(recording.span('greet').attributes)).not.to.include('ada');
    expect(recording.span('find').attributes).to.include({ 'gen_ai.tool.call.result': '"Found ada"' });
  });

  it('records what a generator yields that JSON has no value for as null', () => {
    const odd = traced('odd', function* () {
      yield undefined;
      yield 'text';
    });
    expect([...odd()]).to.deep.equal([undefined, 'text']);
    expect(outputs('odd')).to.deep.equal([null, 'text']);
  });

  it('records the result of contentHook, and nothing when the hook throws', () => {
    const contentHook = ({ kind, operation, value }: { kind: string; operation: string; value: unknown }) => {
      if (kind === 'response') throw new Error('broken hook');
      return `${operation}: ${JSON.stringify(value).replace('ada', '***')}`;
    };
    setContentConfig(resolveConfig({ contentHook }, {}, noWarning));
    expect(traced('greet', (name: string) => `Hello ${name}`)('ada')).to.equal('Hello ada');

    expect(inputs('greet')).to.equal('greet: {"name":"***"}');
    expect(outputs('greet')).to.equal(undefined);
  });
});
