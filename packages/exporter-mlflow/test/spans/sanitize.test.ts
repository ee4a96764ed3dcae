import type { Attributes, HrTime } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import type { ReadableSpan } from '../../src/common/sdk-types.js';
import { sanitizeSpan } from '../../src/export/span/sanitize.js';
import { copySpan } from '../../src/export/span/span.js';
import { MlflowClient, MlflowSpanExporter } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { chatAttributes, exportSpans, MODEL, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

const USAGE = 'mlflow.chat.tokenUsage';
const COST = 'mlflow.llm.cost';
const usage = (members: object): Attributes => ({ [USAGE]: JSON.stringify(members), 'mlflow.llm.model': MODEL });
const genai = (tokens: Attributes): Attributes => ({ ...tokens, 'mlflow.llm.model': MODEL });

/** Returns one root span. Its attributes bypass the SDK's checks, as those of other SDKs and languages do. */
function spanWith(attributes: Attributes, changes: Partial<ReadableSpan> = {}): ReadableSpan {
  const [span] = recordSpans((tracer) => tracer.startSpan('poison').end());
  return copySpan(span!, { attributes, ...changes });
}

/** Attributes that a server refused or could not read back when each was sent alone, and their replacements. */
const POISON: [string, Attributes, Attributes][] = [
  ['a session id of 251 characters', { 'session.id': 's'.repeat(251) }, { 'session.id': `${'s'.repeat(247)}...` }],
  [
    'a conversation id of 251 characters',
    { 'gen_ai.conversation.id': 's'.repeat(251) },
    { 'gen_ai.conversation.id': `${'s'.repeat(247)}...` },
  ],
  ['usage with null', usage({ input_tokens: null, output_tokens: 5 }), usage({ output_tokens: 5, total_tokens: 5 })],
  [
    'usage with text',
    usage({ input_tokens: '3', output_tokens: 5, total_tokens: 8 }),
    usage({ input_tokens: 3, output_tokens: 5, total_tokens: 8 }),
  ],
  [
    'usage with a null cache count',
    usage({ input_tokens: 3, output_tokens: 5, total_tokens: 8, cache_read_input_tokens: null }),
    usage({ input_tokens: 3, output_tokens: 5, total_tokens: 8 }),
  ],
  ...['null', '-8', '1.5', '9223372036854775808', '"many"', '[8]', 'true', 'NaN', '-Infinity'].map(
    (count): [string, Attributes, Attributes] => [
      `usage with ${count} tokens that a cache keeps for an hour`,
      {
        [USAGE]: `{"input_tokens":3,"output_tokens":5,"total_tokens":8,"cache_creation_input_tokens":2,"cache_creation_input_tokens_above_1hr":${count}}`,
        'mlflow.llm.model': MODEL,
      },
      usage({ input_tokens: 3, output_tokens: 5, total_tokens: 8, cache_creation_input_tokens: 2 }),
    ],
  ),
  [
    'integers beyond 64 bits',
    {
      'mlflow.spanInputs': `{"ids":[9223372036854775807,9223372036854775808,-9223372036854775809],"text":"18446744073709551615"}`,
      'input.value': ` [-9223372036854775808, 18446744073709551615.5, 1${'0'.repeat(5000)}]`,
      tags: ['{"id":18446744073709551615}'],
    },
    {
      'mlflow.spanInputs': `{"ids":[9223372036854775807,"9223372036854775808","-9223372036854775809"],"text":"18446744073709551615"}`,
      'input.value': ` [-9223372036854775808, 18446744073709551615.5, "1${'0'.repeat(5000)}"]`,
      tags: ['{"id":18446744073709551615}'],
    },
  ],
  [
    'such integers in JSON that only Python can parse',
    { 'mlflow.spanInputs': '{"ratio":NaN,"id":18446744073709551615}' },
    { 'mlflow.spanInputs': '"{\\"ratio\\":NaN,\\"id\\":18446744073709551615}"' },
  ],
  [
    'usage with such tokens as text',
    usage({ input_tokens: 3, output_tokens: 5, total_tokens: 8, cache_creation_input_tokens_above_1hr: '2' }),
    usage({ input_tokens: 3, output_tokens: 5, total_tokens: 8, cache_creation_input_tokens_above_1hr: 2 }),
  ],
  [
    'usage without a total',
    usage({ input_tokens: 3, output_tokens: 5 }),
    usage({ input_tokens: 3, output_tokens: 5, total_tokens: 8 }),
  ],
  ['usage beyond 64 bits', usage({ input_tokens: 2 ** 63, total_tokens: 2 ** 63 }), { 'mlflow.llm.model': MODEL }],
  ['usage that is no JSON', { [USAGE]: 'nope' }, {}],
  ['usage that is a list', { [USAGE]: '[1]' }, {}],
  ['usage that is empty', { [USAGE]: '{}' }, {}],
  ['cost that is no JSON', { [COST]: 'nope' }, {}],
  ['cost that is a list', { [COST]: '[1]' }, {}],
  ['cost that is a number', { [COST]: 0.5 }, {}],
  ['cost that is null', { [COST]: 'null' }, {}],
  [
    'cost with text',
    { [COST]: '{"input_cost":"1","output_cost":2,"total_cost":3}' },
    { [COST]: '{"input_cost":1,"output_cost":2,"total_cost":3}' },
  ],
  [
    'cost without a total',
    { [COST]: '{"input_cost":1,"output_cost":2}' },
    { [COST]: '{"input_cost":1,"output_cost":2,"total_cost":3}' },
  ],
  ['an operation that is a list', { 'gen_ai.operation.name': ['chat'] }, {}],
  ['an operation that is an object', { 'gen_ai.operation.name': '{"a":1}' }, {}],
  ['a span type that is a list', { 'mlflow.spanType': ['LLM'] }, {}],
  [
    'a span type of 501 characters',
    { 'mlflow.spanType': 'x'.repeat(501) },
    { 'mlflow.spanType': `${'x'.repeat(497)}...` },
  ],
  [
    'counts beyond 64 bits',
    genai({ 'gen_ai.usage.input_tokens': 9e18, 'gen_ai.usage.output_tokens': 9e18 }),
    genai({}),
  ],
  [
    'a count that is no number',
    genai({ 'gen_ai.usage.input_tokens': Number.NaN, 'gen_ai.usage.output_tokens': 5 }),
    {
      ...genai({ 'gen_ai.usage.output_tokens': 5 }),
      [USAGE]: '{"input_tokens":0,"output_tokens":5,"total_tokens":5}',
    },
  ],
  [
    'input tokens alone',
    genai({ 'gen_ai.usage.input_tokens': 7 }),
    {
      ...genai({ 'gen_ai.usage.input_tokens': 7 }),
      [USAGE]: '{"input_tokens":7,"output_tokens":0,"total_tokens":7}',
    },
  ],
  ['a wish where its spans are', { 'mlflow.traceTag.mlflow.trace.spansLocation': 'ARTIFACT_REPO' }, {}],
  [
    'tags of an archived trace',
    {
      'mlflow.traceTag.mlflow.trace.archiveLocation': 's3://archive',
      'mlflow.traceTag.mlflow.trace.archivalFailure': '{}',
    },
    {},
  ],
  ['a wish where its artifacts are', { 'mlflow.traceTag.mlflow.artifactLocation': 'x:/y' }, {}],
  [
    'a trace name of 4097 characters',
    { 'mlflow.traceTag.mlflow.traceName': 'n'.repeat(4097) },
    { 'mlflow.traceTag.mlflow.traceName': `${'n'.repeat(4093)}...` },
  ],
  ['zero bytes', { note: 'a\0b', 'user.id': 'u\0' }, { note: 'a\uFFFDb', 'user.id': 'u\uFFFD' }],
  [
    'zero bytes in JSON, and the text of such an escape',
    { 'mlflow.spanInputs': '{"a":"x\\u0000","b":"\\\\u0000","c":"\\\\\\u0000"}' },
    { 'mlflow.spanInputs': '{"a":"x\\ufffd","b":"\\\\u0000","c":"\\\\\\ufffd"}' },
  ],
  [
    'halves of characters in JSON, but no pairs of them and no text of such an escape',
    { 'mlflow.spanOutputs': '["x\\ud83d","\\uD83D\\ude80\\ude80","\\\\ud83d","\\\\\\uDE80y"]' },
    { 'mlflow.spanOutputs': '["x\\ufffd","\\uD83D\\ude80\\ufffd","\\\\ud83d","\\\\\\ufffdy"]' },
  ],
];

const TIMES: [string, HrTime, HrTime, HrTime, HrTime][] = [
  ['an end before the start', [1_700_000_000, 5], [1_600_000_000, 0], [1_700_000_000, 5], [1_700_000_000, 5]],
  ['no end', [1_700_000_000, 0], [0, 0], [1_700_000_000, 0], [1_700_000_000, 0]],
  ['no numbers', [Number.NaN, Number.NaN], [1_700_000_000, 0], [1_700_000_000, 0], [1_700_000_000, 0]],
  ['an end after the year 2262', [1_700_000_000, 0], [1.8e10, 0], [1_700_000_000, 0], [1_700_000_000, 0]],
  ['seconds with a fraction', [1_700_000_000.5, 0], [1_700_000_001, 2e9], [1_700_000_000, 5e8], [1_700_000_003, 0]],
];

describe('sanitizeSpan', () => {
  it('returns a fit span as the same object', () => {
    const spans = recordSpans((tracer) => {
      tracer.startSpan('plain').end();
      tracer
        .startSpan('', { attributes: { ratio: Number.NaN, list: ['a', 'b'], flag: true, emoji: '😀', lone: '\ud800' } })
        .end();
      tracer
        .startSpan('chat', {
          attributes: {
            ...chatAttributes('Hi', 'Hello'),
            'mlflow.spanType': 'CHAT_MODEL',
            'session.id': 's'.repeat(250),
          },
        })
        .end();
      tracer
        .startSpan('long', {
          attributes: { 'mlflow.spanInputs': JSON.stringify({ text: '0000 \\ "x"\n'.repeat(9999) }) },
        })
        .end();
      tracer
        .startSpan('cost', {
          attributes: {
            [COST]: '{"input_cost":0.1,"output_cost":0,"total_cost":0.1,"note":"x"}',
            [USAGE]: '{"total_tokens":8, "input_tokens":3,"output_tokens":5,"details":{}}',
            'gen_ai.usage.input_tokens': '3',
            'gen_ai.usage.output_tokens': 5,
          },
        })
        .end();
    });
    for (const span of spans) expect(sanitizeSpan(span), span.name).to.equal(span);
  });

  for (const [what, given, sent] of POISON) {
    it(`mends ${what}, and leaves the application's span alone`, () => {
      const span = spanWith(given);
      const before = structuredClone(span.attributes);
      const sanitized = sanitizeSpan(span);
      expect(sanitized.attributes).to.deep.equal(sent);
      expect(span.attributes).to.deep.equal(before);
      expect(sanitizeSpan(sanitized)).to.equal(sanitized);
    });
  }

  for (const [what, startTime, endTime, start, end] of TIMES) {
    it(`mends ${what}`, () => {
      const sanitized = sanitizeSpan(spanWith({}, { startTime, endTime }));
      expect([sanitized.startTime, sanitized.endTime]).to.deep.equal([start, end]);
    });
  }

  it('mends zero bytes in the name and in the resource, once per resource', () => {
    const resource = resourceFromAttributes({ 'service.name': 'a\0b', replicas: 2 });
    const [first, second] = [spanWith({}, { name: 'x\0', resource }), spanWith({}, { resource })].map(sanitizeSpan);
    expect(first?.name).to.equal('x\uFFFD');
    expect(first?.resource.attributes).to.deep.equal({ 'service.name': 'a\uFFFDb', replicas: 2 });
    expect(second?.resource).to.equal(first?.resource);
  });

  it('sends bytes in the resource as base64, which a real server takes', async () => {
    const { url: trackingUri } = await testServer();
    const resource = resourceFromAttributes({ key: new Uint8Array([1, 2, 255]) as unknown as string });
    const span = spanWith({}, { resource });
    const exporter = new MlflowSpanExporter({ trackingUri, experimentName: uniqueName('bytes') });
    expect((await exportSpans(exporter, [span])).code).to.equal(SUCCESS);
    await exporter.shutdown();
    const { info } = await new MlflowClient({ trackingUri }).getTrace(`tr-${span.spanContext().traceId}`);
    expect(info.tags['key']).to.equal('AQL/');
  });

  it('makes all these spans arrive at a real server, in one request, readable and with right totals', async () => {
    const { url } = await testServer();
    const client = new MlflowClient({ trackingUri: url });
    const experimentName = uniqueName('poison');
    const { experimentId } = await client.getOrCreateExperiment(experimentName);
    const exporter = new MlflowSpanExporter({ trackingUri: url, experimentName });
    const attributed = POISON.map(([, attributes]) => spanWith(attributes));
    const timed = TIMES.map(([, startTime, endTime]) => spanWith({}, { startTime, endTime }));
    const log = collectDiag();
    const result = await exportSpans(exporter, [...attributed, ...timed]);
    await exporter.shutdown();
    log.stop();
    expect([result.code, ...log.lines]).to.deep.equal([SUCCESS]);

    const traces = new Map<string, Awaited<ReturnType<typeof client.getTrace>>>();
    for (const span of [...attributed, ...timed]) {
      const trace = await client.getTrace(`tr-${span.spanContext().traceId}`);
      traces.set(span.spanContext().traceId, trace);
      expect(trace.spans).to.have.length(1);
    }
    const { traces: found } = await client.searchTraces({ experimentIds: [experimentId], maxResults: 100 });
    expect(found).to.have.length(POISON.length + TIMES.length);
    const tokens = (what: string): number | undefined =>
      traces.get(attributed[POISON.findIndex(([name]) => name === what)]!.spanContext().traceId)?.info?.tokenUsage
        ?.totalTokens;
    expect(tokens('usage without a total')).to.equal(8);
    expect(tokens('input tokens alone')).to.equal(7);
    expect(tokens('a count that is no number')).to.equal(5);
  });
});
