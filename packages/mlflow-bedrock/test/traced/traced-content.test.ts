/** What traced functions record of errors, and what is logged, if content is off or goes through a hook. */

import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { expect } from 'chai';
import type { BedrockInstrumentationConfig } from 'opentelemetry-instrumentation-bedrock';
import { resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import { setContentConfig } from '../../src/current-trace/content-config.js';
import { traced } from '../../src/index.js';
import { type Recording, recordSpans } from '../support/spans.js';

const MARK = 'quokka';

class PaymentDeclinedError extends Error {
  override name = 'PaymentDeclinedError';
}

describe('a traced function', () => {
  let recording: Recording;
  let lines: string[];
  beforeEach(() => {
    recording = recordSpans();
    lines = [];
    const log = (...args: unknown[]): void => {
      const line = args.map((arg) => (arg instanceof Error ? `${arg.stack}` : String(arg))).join(' ');
      if (!line.startsWith('@opentelemetry/api')) lines.push(line);
    };
    const logger: DiagLogger = { error: log, warn: log, info: log, debug: log, verbose: log };
    diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
  });
  afterEach(async () => {
    diag.disable();
    setContentConfig(undefined);
    await recording.stop();
  });

  const configure = (config: BedrockInstrumentationConfig): void =>
    setContentConfig(resolveConfig(config, {}, () => undefined));

  const emitted = (): string =>
    JSON.stringify([recording.spans().map(({ attributes, events, status }) => [attributes, events, status]), lines]);

  const throwing = (thrown: unknown) => (): void => {
    const fn = traced('fails', () => {
      throw thrown;
    });
    try {
      fn();
    } catch (error) {
      expect(error).to.equal(thrown);
    }
  };

  const SETTINGS: Readonly<Record<string, BedrockInstrumentationConfig>> = {
    'content is off': { captureMessageContent: false },
    'a hook edits it': { contentHook: ({ value }) => JSON.parse(JSON.stringify(value).replaceAll(/quokka/gi, '…')) },
    'a hook records nothing': { contentHook: () => undefined },
  };
  for (const [name, config] of Object.entries(SETTINGS)) {
    it(`records no name of a thrown value that can be content if ${name}`, async () => {
      configure(config);
      class Dynamic extends Error {}
      Object.defineProperty(Dynamic, 'name', { value: `${MARK}_class` });
      const Computed = { [`${MARK}Error`]: class extends Error {} }[`${MARK}Error`] as typeof Error;
      Object.defineProperty(Computed.prototype, 'name', { value: Computed.name });
      const values: unknown[] = [
        Object.assign(new Error(MARK), { name: `User ${MARK}@x said hi` }),
        Object.assign(new Error(MARK), { name: `sk_live_${MARK}` }),
        Object.assign(new Error(MARK), { code: `ERR_${MARK}` }),
        Object.assign(new Error('x'), { stack: `Error: x\n    at ${MARK} (/a.js:1:1)` }),
        new Error('x', { cause: new Error(MARK) }),
        Object.assign(new Dynamic(MARK), { name: `${MARK}_class` }),
        new Computed(MARK),
        { name: MARK, message: MARK, code: MARK, [Symbol.toStringTag]: MARK },
        { constructor: { name: MARK }, name: MARK },
        new Proxy(new Error(MARK), { get: () => MARK }),
        MARK,
        Symbol(MARK),
        [MARK],
      ];
      for (const value of values) {
        throwing(value)();
        await traced('rejects', () => Promise.reject(value))().catch(() => undefined);
      }
      expect(recording.spans()).to.have.lengthOf(2 * values.length);
      const types = new Set(recording.spans().map(({ attributes }) => attributes['error.type']));
      expect([...types]).to.have.members(['_OTHER', 'Error']);
      expect(emitted()).to.not.match(/quokka/i);
    });

    it(`records the names of classes and of known errors if ${name}`, () => {
      configure(config);
      const Minified = class extends Error {
        override name = 'LedgerError';
      };
      class Narrow extends Minified {}
      const errors = [
        new PaymentDeclinedError('x'),
        new Narrow('x'),
        new RangeError('x'),
        new DOMException('x', 'AbortError'),
      ];
      const coded = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
      const ofAws = Object.assign(new Error('x'), { name: 'ThrottlingException', $fault: 'client' });
      for (const error of [...errors, coded, ofAws]) throwing(error)();
      expect(recording.spans().map(({ attributes }) => attributes['error.type'])).to.deep.equal([
        'PaymentDeclinedError',
        'LedgerError',
        'RangeError',
        'AbortError',
        'ECONNREFUSED',
        'ThrottlingException',
      ]);
    });
  }

  it('logs a hook that fails once, by class and place, without content', () => {
    const HOOKS: Readonly<Record<string, () => unknown>> = {
      throws: () => {
        throw Object.assign(new TypeError(MARK), { name: MARK });
      },
      'throws no error': () => {
        throw { toString: () => MARK, message: MARK };
      },
      rejects: () => Promise.reject(new Error(MARK)),
      'returns a proxy that throws': () =>
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error(MARK);
            },
          },
        ),
      'throws a proxy that throws': () => {
        throw new Proxy(new Error(MARK), {
          get: () => {
            throw new Error(MARK);
          },
        });
      },
    };
    for (const [name, hook] of Object.entries(HOOKS)) {
      lines.length = 0;
      configure({ contentHook: hook as () => undefined });
      for (let call = 0; call < 3; call++) traced(`call ${call}`, (text: string) => text)(MARK);
      expect(lines, name).to.have.lengthOf(1);
      expect(lines[0], name).to.match(/contentHook (?:threw|returned a promise)/);
    }
    expect(emitted()).to.not.include(MARK);
  });

  it('records what a hook with exotic results returns', () => {
    const cycle: Record<string, unknown> = { number: 12345678901234567890n };
    cycle['self'] = cycle;
    configure({ contentHook: () => cycle as never });
    traced('call', (text: string) => text)(MARK);
    expect(recording.span('call').attributes['mlflow.spanInputs']).to.equal(
      '{"number":12345678901234567890,"self":"[circular]"}',
    );
    expect(lines).to.deep.equal([]);
  });
});
