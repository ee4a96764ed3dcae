/**
 * Readers never throw and never invent a number, for any JSON that a service or an application sends. Numbers keep their
 * digits, and text is cut between characters.
 */

import { expect } from 'chai';
import fc from 'fast-check';
import { type JsonObject, parseJson, toJson } from '../../src/data/json.js';
import { stringify } from '../../src/data/numbers.js';
import { combineUsage } from '../../src/data/usage.js';
import { unknownDialect } from '../../src/dialects/blank.js';
import { converse } from '../../src/dialects/converse.js';
import type { Dialect } from '../../src/dialects/dialect.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { openAiEmbeddings } from '../../src/dialects/openai/embeddings.js';
import { openAiResponses } from '../../src/dialects/openai/responses.js';

const OPENAI = [openAiResponses, openAiEmbeddings];
const ALL: readonly Dialect[] = [
  ...new Set([converse, unknownDialect, ...OPENAI, ...DIALECTS.map(({ dialect }) => dialect)]),
];

/** Members that the dialects read, so that random objects reach deep into the readers. */
const KEYS = [
  ...[
    'messages',
    'content',
    'role',
    'text',
    'type',
    'usage',
    'input_tokens',
    'output_tokens',
    'inputTokens',
    'choices',
  ],
  ...['outputTokens', 'totalTokens', 'prompt_tokens', 'completion_tokens', 'message', 'delta', 'index', 'results'],
  ...['tool_calls', 'toolUse', 'toolResult', 'input', 'partial_json', 'finish_reason', 'stop_reason', 'stopReason'],
  ...['outputs', 'generations', 'completions', 'data', 'generation', 'outputText', 'tokenCount', 'inputTextTokenCount'],
  ...['contentBlockDelta', 'contentBlockStart', 'contentBlockIndex', 'metadata', 'messageStop', 'start', 'output'],
  ...['content_block', 'event_type', 'response', 'embeddings', 'embedding', 'images', 'artifacts', 'system', 'tools'],
  ...[
    'item',
    'output_index',
    'call_id',
    'summary',
    'part',
    'annotation',
    'content_index',
    'status',
    'incomplete_details',
  ],
  ...['__proto__', 'constructor', 'function', 'arguments', 'generation_token_count', 'prompt_token_count', 'error'],
];
const EVENT_TYPES = [
  ...['message_start', 'content_block_start', 'content_block_delta', 'message_delta', 'message_stop'],
  ...['response.created', 'response.completed', 'response.output_item.added', 'response.output_item.done'],
  ...['response.output_text.delta', 'response.content_part.added', 'response.output_text.annotation.added'],
];
const ITEM_TYPES = ['message', 'reasoning', 'function_call', 'function_call_output', 'mcp_call', 'web_search_call'];

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 6 },
    fc.constantFrom('text', 'tool_use', 'user', 'assistant', '{"a":1}', '{"a":', ...EVENT_TYPES, ...ITEM_TYPES),
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string()), tie('value'), { maxKeys: 8 }),
}));
const object = json.object as fc.Arbitrary<JsonObject>;

/** Returns every number in a value: a token count must be one of them. */
function numbersIn(value: unknown, found = new Set<number>()): Set<number> {
  if (typeof value === 'number') found.add(value);
  else if (typeof value === 'object' && value !== null)
    for (const member of Object.values(value)) numbersIn(member, found);
  return found;
}

function sumsOf(numbers: ReadonlySet<number>): Set<number> {
  const sums = new Set<number>([0]);
  // Titan's output count is the sum over its results. With many numbers there are too many sums.
  if (numbers.size > 10) return new Set([...numbers]);
  for (const number of numbers) for (const sum of [...sums]) sums.add(sum + number);
  return sums;
}

/** Chunks that once made a fold read other facts without content. */
const FOUND_CHUNKS: [JsonObject[]][] = [[[{ usage: {}, choices: [{ '': 'text' }] }]]];

describe('with arbitrary JSON', () => {
  for (const dialect of ALL) {
    it(`the dialect ${dialect.name} reads requests and answers without throwing`, () => {
      fc.assert(
        fc.property(object, (body) => {
          dialect.matchesRequest(body);
          dialect.matchesResponse(body);
          dialect.readParameters(body);
          JSON.stringify(dialect.readInput(body));
          JSON.stringify(dialect.readTools(body));
          JSON.stringify(dialect.readOutput(body));
          dialect.chatView?.request(body);
          dialect.chatView?.response(body);
        }),
        { numRuns: 300 },
      );
    });

    it(`the dialect ${dialect.name} takes every token count from the answer`, () => {
      fc.assert(
        fc.property(object, (body) => {
          const usage = combineUsage([dialect.readResponse(body).usage]);
          const numbers = numbersIn(body);
          for (const count of [usage?.inputTokens, usage?.outputTokens]) {
            if (count === undefined || numbers.size > 10) continue;
            expect(sumsOf(numbers)).to.include(count);
          }
          if (numbers.size === 0) expect(usage).to.equal(undefined);
        }),
        { numRuns: 300 },
      );
    });

    it(`the fold of ${dialect.name} never throws, and reads the same facts with content off`, () => {
      fc.assert(
        fc.property(fc.array(object, { maxLength: 8 }), (chunks) => {
          const fold = dialect.createFold({ content: true });
          const figures = dialect.createFold({ content: false });
          for (const chunk of [...chunks, ...chunks.toReversed()]) {
            fold.add(chunk);
            fold.body();
            figures.add(chunk);
          }
          const body = fold.body() ?? {};
          JSON.stringify(dialect.readOutput(body));
          expect(dialect.readResponse(figures.body() ?? {})).to.deep.equal(dialect.readResponse(body));
          expect(figures.isComplete()).to.equal(fold.isComplete());
        }),
        { numRuns: 200, examples: FOUND_CHUNKS },
      );
      expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
    });
  }
});

describe('with arbitrary text', () => {
  const NOTE = /… \[(\d+) more characters? not recorded\]$/;
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc
      .array(fc.constantFrom('👩‍👩‍👧', '🇫🇷', 'e\u0301', 'a', ' ', 'क्षि', '👍🏽'), { maxLength: 20 })
      .map((all) => all.join('')),
    fc.base64String({ maxLength: 300 }),
  );

  it('what is cut is a beginning of the text in whole characters, within the limit', () => {
    const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
    fc.assert(
      fc.property(text, fc.nat(80), (whole, maxStringLength) => {
        const cut = String(toJson(whole, { maxStringLength }));
        if (cut === whole) return;
        const kept = cut.replace(NOTE, '');
        expect(kept.length).to.be.at.most(maxStringLength);
        expect(whole.startsWith(kept)).to.equal(true);
        expect(Number(NOTE.exec(cut)?.[1])).to.equal(whole.length - kept.length);
        const ends = [...segmenter.segment(whole)].map(({ index, segment }) => index + segment.length);
        // Two ASCII characters are never one, except for a line break.
        expect([0, ...ends].includes(kept.length) || /[\r\n]$/.test(kept)).to.equal(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('a picture is whole or a note', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(bytes, fc.nat(200), fc.nat(400), (picture, maxStringLength, maxMediaBytes) => {
        const data = Buffer.from(picture).toString('base64');
        const url = `data:image/png;base64,${data}`;
        const copy = toJson({ bytes: data, raw: picture, url }, { maxStringLength, maxMediaBytes });
        const isKept = picture.length <= maxMediaBytes;
        const note = `[${picture.length} ${picture.length === 1 ? 'byte' : 'bytes'} not recorded]`;
        expect(copy).to.deep.equal(isKept ? { bytes: data, raw: data, url } : { bytes: note, raw: note, url: note });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('with arbitrary numbers', () => {
  const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 }).map((all) => all.join(''));
  const literal = fc
    .tuple(fc.constantFrom('', '-'), digits, fc.option(digits), fc.option(fc.integer({ min: -500, max: 500 })))
    .map(([sign, whole, fraction, exponent]) => {
      const start = `${sign}${whole.replace(/^0+(?=\d)/, '')}`;
      return `${start}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`;
    });

  /** A number as digits without a point, and a power of ten. */
  function exactly(number: string): string {
    const [, sign, whole = '', fraction = '', exponent = '0'] =
      /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(number) ?? [];
    const all = (whole + fraction).replace(/^0+/, '');
    const short = all.replace(/0+$/, '');
    return short === '' ? '0' : `${sign}${short}e${Number(exponent) - fraction.length + all.length - short.length}`;
  }

  it('integers keep all digits, and decimals keep them unless a double prints others', () => {
    fc.assert(
      fc.property(literal, fc.string(), (number, key) => {
        const json = `{${JSON.stringify(key)}:[${number},${JSON.stringify(number)},${JSON.stringify(`[${number},"${key}`)}]}`;
        const written = stringify(toJson(parseJson(json)));
        const [first] = /(?<=:\[)[^,]+/.exec(written.slice(JSON.stringify(key).length + 1)) ?? [];
        const isExact = exactly(String(first)) === exactly(number);
        const significant = exactly(number).split('e')[0]?.replace('-', '').length ?? 0;
        expect(isExact || (number.includes('.') && significant <= 17), `${number} became ${first}`).to.equal(true);
        expect(JSON.parse(written)[key].slice(1)).to.deep.equal([number, `[${number},"${key}`]);
      }),
      { numRuns: 3000 },
    );
  });

  it('any JSON without long numbers is parsed as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(JSON.stringify(parseJson(json))).to.equal(JSON.stringify(JSON.parse(json)));
      }),
      { numRuns: 1000 },
    );
  });
});
