/** The pure parts: values, model ids, errors, configuration. */

import { expect } from 'chai';
import { resolveConfig } from '../../src/config.js';
import { errorType } from '../../src/data/error-type.js';
import { errorOrigin } from '../../src/data/errors.js';
import { toJson } from '../../src/data/json.js';
import { finishReason } from '../../src/data/messages.js';
import { identifyModel } from '../../src/data/model-id.js';
import { ExactNumber } from '../../src/data/numbers.js';

describe('toJson', () => {
  it('makes plain JSON from the values of applications', () => {
    const cyclic: { name: string; self?: unknown } = { name: 'a' };
    cyclic.self = cyclic;
    expect(
      toJson({
        bytes: new Uint8Array([1, 2, 3]),
        buffer: Buffer.from([1, 2, 3]),
        view: new DataView(new Uint8Array([0, 1, 2, 3, 4]).buffer, 1, 3),
        decimal: { type: 'bigDecimal', string: '0.10' },
        other: { type: 'decimal', string: '0.10' },
        date: new Date(0),
        big: 12n,
        nan: Number.NaN,
        fn: () => 1,
        none: undefined,
        list: [undefined, 1],
        cyclic,
      }),
    ).to.deep.equal({
      bytes: 'AQID',
      buffer: 'AQID',
      view: 'AQID',
      decimal: new ExactNumber('0.10'),
      other: { type: 'decimal', string: '0.10' },
      date: '1970-01-01T00:00:00.000Z',
      big: 12,
      nan: null,
      list: [null, 1],
      cyclic: { name: 'a', self: '[circular]' },
    });
  });

  it('reads no members of a class', () => {
    class Order {
      id = 7;
      get type(): never {
        throw new Error('do not read');
      }
      get string(): never {
        throw new Error('do not read');
      }
    }
    expect(toJson(new Order())).to.deep.equal({ id: 7 });
  });

  it('treats __proto__ as data', () => {
    const copy = toJson(JSON.parse('{"__proto__": {"polluted": true}}')) as object;
    expect(JSON.stringify(copy)).to.equal('{"__proto__":{"polluted":true}}');
    expect(({} as { polluted?: boolean }).polluted).to.equal(undefined);
  });

  it('stops at 200 levels', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = { deep };
    expect(JSON.stringify(toJson(deep))).to.include('[nested too deeply]');
  });
});

describe('identifyModel', () => {
  const CASES: readonly (readonly [string | undefined, string | undefined, string | undefined])[] = [
    ['anthropic.claude-3-haiku-20240307-v1:0', 'anthropic.claude-3-haiku-20240307-v1:0', 'anthropic'],
    ['us.anthropic.claude-sonnet-4-6', 'anthropic.claude-sonnet-4-6', 'anthropic'],
    ['us-gov.anthropic.claude-3-haiku-20240307-v1:0', 'anthropic.claude-3-haiku-20240307-v1:0', 'anthropic'],
    ['us-iso.anthropic.claude-3-haiku-20240307-v1:0', 'anthropic.claude-3-haiku-20240307-v1:0', 'anthropic'],
    ['apac.amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0', 'amazon'],
    ['global.anthropic.claude-opus-4-1', 'anthropic.claude-opus-4-1', 'anthropic'],
    ['ai21.jamba-1-5-mini-v1:0', 'ai21.jamba-1-5-mini-v1:0', 'ai21'],
    ['zai.glm-4.6', 'zai.glm-4.6', 'zai'],
    [
      'arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-8b-instruct-v1:0',
      'meta.llama3-8b-instruct-v1:0',
      'meta',
    ],
    [
      'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0',
      'amazon.nova-pro-v1:0',
      'amazon',
    ],
    ['arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123', undefined, undefined],
    ['arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123', undefined, undefined],
    ['arn:aws:sagemaker:us-east-1:123456789012:endpoint/my-endpoint', undefined, undefined],
    ['', undefined, undefined],
    [undefined, undefined, undefined],
  ];
  for (const [id, baseId, vendor] of CASES) {
    it(`reads ${id}`, () => expect(identifyModel(id)).to.deep.equal(vendor === undefined ? {} : { baseId, vendor }));
  }
});

describe('finishReason', () => {
  it('maps the providers’ words and keeps unknown ones', () => {
    expect(
      ['end_turn', 'FINISH', 'LENGTH', 'tool_calls', 'guardrail_intervened', 'pause_turn'].map(finishReason),
    ).to.deep.equal(['stop', 'stop', 'length', 'tool_call', 'content_filter', 'pause_turn']);
    expect(finishReason('constructor')).to.equal('constructor');
    expect(finishReason(undefined)).to.equal('error');
  });
});

describe('resolveConfig', () => {
  const capture = (value: string | undefined, config = {}): boolean =>
    resolveConfig(config, { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: value }, () => undefined)
      .contentOnSpans;

  it('captures content by default, and lets the environment win', () => {
    expect(capture(undefined)).to.equal(true);
    expect(capture(undefined, { captureMessageContent: false })).to.equal(false);
    expect(capture('true', { captureMessageContent: false })).to.equal(true);
    for (const word of ['false', 'NO_CONTENT', 'event_only']) expect(capture(word)).to.equal(false);
    for (const word of ['TRUE', 'SPAN_ONLY', 'span_and_event']) expect(capture(word)).to.equal(true);
  });

  it('warns of invalid values and ignores them', () => {
    const warnings: string[] = [];
    const env = { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'perhaps' };
    const config = resolveConfig(
      { captureMessageContent: false, maxContentLength: -1, maxEmbeddingLength: -1, maxRecordLength: -1 },
      env,
      (w) => warnings.push(w),
    );
    expect(config).to.include({ captureContent: false, maxContentLength: undefined, maxEmbeddingLength: 64 });
    expect(config.maxRecordLength).to.equal(25 * 2 ** 20);
    expect(warnings).to.deep.equal([
      'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=perhaps is not understood, so no content is recorded; use true or false',
      'maxEmbeddingLength must be 0 or more numbers, not -1; the default is used',
      'maxRecordLength must be 0 or more characters, not -1; the default is used',
      'maxContentLength must be 0 or more characters, not -1; the default is used',
    ]);
  });
});

describe('errorType', () => {
  it('is the name of the error, which the SDK takes from the service', () => {
    expect(errorType(new RangeError('x'))).to.equal('RangeError');
    expect(errorType(Object.assign(new Error('x'), { name: 'ThrottlingException' }))).to.equal('ThrottlingException');
    expect(errorType({ name: 'Custom', code: 'CODE' })).to.equal('Custom');
  });

  it('is the code of a plain Error that has one', () => {
    expect(errorType(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).to.equal('ECONNREFUSED');
    expect(errorType(Object.assign(new Error('x'), { code: 7 }))).to.equal('Error');
    expect(errorType({ code: 'ECONNREFUSED' })).to.equal('ECONNREFUSED');
  });

  it('is _OTHER if there is no name, the name is not an identifier, or reading it throws', () => {
    const hostile = Object.defineProperty({}, 'name', {
      get: () => {
        throw new Error('name cannot be read');
      },
    });
    for (const thrown of [undefined, null, 'text', 0, Symbol('x'), {}, { name: 'two words' }, { name: '' }, hostile]) {
      expect(errorType(thrown)).to.equal('_OTHER');
    }
    expect(errorType({ name: 'x'.repeat(129) })).to.equal('_OTHER');
  });
});

describe('errorOrigin', () => {
  const QUOTED = 'explain this:\n    at pay (/home/quokka/secret.js:1:1)';

  it('is the class of an error and the place where it was thrown', () => {
    expect(errorOrigin(new RangeError('a: b'))).to.match(/^RangeError at \S+values\.test\.ts:\d+:\d+$/);
    expect(errorOrigin(new Error())).to.match(/^Error at \S+values\.test\.ts:\d+:\d+$/);
    expect(errorOrigin('thrown text')).to.equal('_OTHER');
  });

  it('never is a place that the message quotes, also if the message was changed', () => {
    const quoting = (message: string): Error => {
      const error = new Error(QUOTED);
      // The engine writes the stack trace when it is read first.
      expect(error.stack).to.include('quokka');
      return Object.assign(error, { message });
    };
    const [changed, wrapped, emptied] = [quoting('It failed.'), quoting(`It failed: ${QUOTED}`), quoting('')];
    for (const error of [new Error(QUOTED), changed, wrapped, emptied]) {
      expect(errorOrigin(error), error.message).to.not.include('quokka');
    }
  });
});
