/** Readers never throw and never invent a number, for any JSON that a service or an application sends. */

import { expect } from 'chai';
import fc from 'fast-check';
import type { JsonObject } from '../src/data/json.js';
import { combineUsage } from '../src/data/usage.js';
import { unknownDialect } from '../src/dialects/blank.js';
import { converse } from '../src/dialects/converse.js';
import type { Dialect } from '../src/dialects/dialect.js';
import { DIALECTS } from '../src/dialects/index.js';

const ALL: readonly Dialect[] = [...new Set([converse, unknownDialect, ...DIALECTS.map(({ dialect }) => dialect)])];

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
  ...['__proto__', 'constructor', 'function', 'arguments', 'generation_token_count', 'prompt_token_count', 'error'],
];
const EVENT_TYPES = ['message_start', 'content_block_start', 'content_block_delta', 'message_delta', 'message_stop'];

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 6 },
    fc.constantFrom('text', 'tool_use', 'user', 'assistant', '{"a":1}', '{"a":', ...EVENT_TYPES),
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
        { numRuns: 200 },
      );
      expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
    });
  }
});
