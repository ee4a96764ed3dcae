/** JSON that MLflow cannot read back: nested too deep, or with integers beyond 64 bits. */

import type { Attributes } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import type { ReadableSpan } from '../../src/common/sdk-types.js';
import { readableAttributes } from '../../src/export/span/readable/readable.js';
import { sanitizeSpan } from '../../src/export/span/sanitize.js';
import { copySpan } from '../../src/export/span/span.js';
import { MlflowClient, MlflowSpanExporter } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { runPython } from '../support/python.js';
import { exportSpans, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

/** Finds all traces of an experiment with their spans, as users of Python do. */
const SEARCH = `
import json, sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
traces = mlflow.search_traces(locations=[sys.argv[2]])
print(json.dumps(sorted(tags["mlflow.traceName"] for tags in traces["tags"])))
`;

const SEED = '{"seed":9007199254740993123,"price":1.50,"note":"a \\"}]\\" b"}';
const around = (open: string, close: string, times: number, inside = SEED): string =>
  open.repeat(times) + inside + close.repeat(times);
const objects = (times: number, inside?: string): string => around('{"next":', '}', times, inside);
const lists = (times: number, inside?: string): string => around('[', ']', times, inside);
const menus = (times: number, inside?: string): string => around('{"name":"menu","entries":[', ']}', times, inside);

/** Replaces each text that is JSON of an object or a list by its value, as a person reads it. */
function unfold(value: unknown): unknown {
  if (typeof value === 'string') return /^[[{]/.test(value) ? unfold(JSON.parse(value)) : value;
  if (Array.isArray(value)) return value.map(unfold);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unfold(member)]));
}

const AI_CALL = { 'ai.operationId': 'ai.streamText.doStream' };

function readable(text: string, key = 'output.value'): string {
  return String(readableAttributes({ ...AI_CALL, [key]: text })[key]);
}

function spanWith(attributes: Attributes, changes: Partial<ReadableSpan> = {}): ReadableSpan {
  const [span] = recordSpans((tracer) => tracer.startSpan('deep').end());
  return copySpan(span!, { attributes, ...changes });
}

describe('readableAttributes', () => {
  it('returns the same attributes if nothing is too deep', () => {
    const attributes = {
      objects: objects(28),
      lists: lists(42),
      menus: menus(17),
      many: JSON.stringify(Array.from({ length: 500 }, (_, index) => ({ index, list: [index] }))),
      inStrings: JSON.stringify({ code: '{[('.repeat(99), path: 'C:\\' }),
      plain: `Dear reader, ${'['.repeat(99)}`,
      list: ['a', 'b'],
      numbers: JSON.stringify([-1.5e300, 2 ** 60, -0, { price: 1.5 }]),
      bytes: new Uint8Array(3) as unknown as string,
      structure: { a: [{ b: 1 }] } as unknown as string,
      count: 3,
      ratio: Number.NaN,
      missing: undefined,
    };
    expect(readableAttributes(attributes)).to.equal(attributes);
  });

  for (const [shape, text] of Object.entries({
    objects: objects(29),
    lists: lists(43),
    'lists of objects': menus(18),
    'a deep part between flat ones': `{"before":[1],"deep":${objects(60)},"also":${lists(60)},"after":{}}`,
    'several thousand levels': lists(20_000),
  })) {
    it(`keeps everything, and structure as far as MLflow can read it: ${shape}`, () => {
      const result = readable(text);
      expect(result).to.not.equal(text);
      expect(readable(result)).to.equal(result);
      const texts = result.match(/"(?:\\.|[^"\\])*"/g)!.map((string) => JSON.parse(string));
      expect(texts.some((part) => part.includes(SEED))).to.equal(true);
      if (text.length < 10_000) expect(unfold(JSON.parse(result))).to.deep.equal(unfold(JSON.parse(text)));
    });
  }

  it('cuts at the level that MLflow cannot read, and keeps the text inside to the letter', () => {
    const inside = `{ "b" : 1.0 , "a" : ${SEED} }`;
    expect(readable(objects(29, inside))).to.equal(objects(29, JSON.stringify(inside)));
    expect(readable(objects(28, `{"x":${inside},"y":[[]]}`))).to.equal(
      objects(28, `{"x":${JSON.stringify(inside)},"y":"[[]]"}`),
    );
  });

  it('makes a JSON string of a text that only looks like JSON', () => {
    const cut = objects(60).slice(0, 400);
    expect(JSON.parse(readable(cut))).to.equal(cut);
    const python = lists(60, 'NaN');
    expect(JSON.parse(readable(python))).to.equal(python);
  });

  it('leaves a text inside a JSON string alone, except where MLflow parses it again', () => {
    const text = JSON.stringify(JSON.stringify(objects(40)));
    expect(readable(text)).to.equal(text);
    const inner = JSON.parse(JSON.parse(readable(text, 'ai.prompt.messages')));
    expect(inner).to.equal(readable(objects(40)));
    expect(readableAttributes({ ...AI_CALL, 'ai.prompt.tools': ['a', objects(40)] })).to.deep.equal({
      ...AI_CALL,
      'ai.prompt.tools': ['a', readable(objects(40))],
    });
    const tools = { ...AI_CALL, 'gen_ai.tools': [objects(40)] };
    expect(readableAttributes(tools)).to.equal(tools);
    const outer = { 'ai.operationId': 'ai.streamText', 'ai.response.text': '12345678901234567890' };
    expect(readableAttributes(outer)).to.equal(outer);
  });

  it('wraps a text as often as MLflow parses it, if it must not find what is inside', () => {
    const parse = (text: string, times: number): unknown => (times === 0 ? text : parse(JSON.parse(text), times - 1));
    for (const text of ['12345678901234567890', '9'.repeat(5000), lists(60, 'NaN'), '['.repeat(5000)]) {
      for (const given of [text, JSON.stringify(text), JSON.stringify(JSON.stringify(text))]) {
        expect(parse(readable(given, 'ai.response.text'), 3)).to.equal(text);
      }
    }
    expect(readable('1234567890123456', 'ai.response.text')).to.equal('1234567890123456');
    expect(readable('"a"', 'ai.response.text')).to.equal('"a"');
  });

  it('turns structure that is too deep, or a circle, into text', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = [circle, circle];
    const given = { deep: JSON.parse(objects(40)), circle } as unknown as Attributes;
    const { deep, circle: shown } = readableAttributes(given);
    expect(deep).to.equal(readable(JSON.stringify(JSON.parse(objects(40)))));
    expect(shown).to.contain('[Circular');
  });

  it('makes text of integers beyond 64 bits, and of no other number', () => {
    const fit = '[9223372036854775807,-9223372036854775808,1.23456789012345678901,12345678901234567890e3,1e400,-0]';
    expect(readable(fit)).to.equal(fit);
    expect(readable('{"a":9223372036854775808, "b" : [-9223372036854775809 ,"12345678901234567890"]}')).to.equal(
      '{"a":"9223372036854775808", "b" : ["-9223372036854775809" ,"12345678901234567890"]}',
    );
    for (let before = 0; before < 40; before++) {
      const note = `{"note":"${'x'.repeat(before)}","id":`;
      expect(readable(`${note}9223372036854775808}`)).to.equal(`${note}"9223372036854775808"}`);
    }
    const longest = ` ${'9'.repeat(4300)}\n`;
    expect(readable(longest)).to.equal(longest);
    for (const longer of [`9${longest}`.replace(' ', ''), `\n-${'9'.repeat(4301)}`]) {
      expect(readable(longer)).to.equal(JSON.stringify(longer));
    }
    expect(readable(`[${'9'.repeat(5000)}]`)).to.equal(`["${'9'.repeat(5000)}"]`);
    expect(readable(objects(29, '[98765432109876543210]'))).to.equal(objects(29, '"[98765432109876543210]"'));
    for (const text of ['12345678901234567890', '- 12345678901234567890', 'order 12345678901234567890']) {
      expect(readable(text)).to.equal(text);
    }
    expect(JSON.parse(readable('[12:00] order 12345678901234567890'))).to.equal('[12:00] order 12345678901234567890');
  });

  it('replaces half a character, which would become an escape that the server cannot encode', () => {
    expect(readable(objects(40, '"\ud83d"'))).to.not.match(/d83d/);
  });
});

describe('JSON that MLflow cannot read back', () => {
  const deep = JSON.parse(objects(40, '"the core"'));
  const branch = JSON.parse(menus(15, '"the core"'));
  const toolResult = { toolResult: { toolUseId: 't', content: [{ json: branch }] } };
  const schema = JSON.parse(around('{"type":"object","properties":{"child":', '}}', 14, '{"description":"the core"}'));
  const bedrock = {
    'mlflow.message.format': 'bedrock',
    'mlflow.spanInputs': JSON.stringify({ messages: [{ role: 'user', content: [toolResult] }] }),
    'mlflow.spanOutputs': JSON.stringify({ output: { message: { role: 'assistant', content: [{ text: 'Done' }] } } }),
    'mlflow.chat.tools': JSON.stringify([{ type: 'function', function: { name: 'f', parameters: schema } }]),
    'gen_ai.tool.definitions': JSON.stringify([{ type: 'function', name: 'f', parameters: schema }]),
  };
  const event = (name: string, attributes: object) => ({ name, time: [1_700_000_000, 0], attributes }) as never;
  const SPANS: Record<string, ReadableSpan> = {
    'a tool result and a schema': spanWith(bedrock),
    messages: spanWith({ 'gen_ai.input.messages': JSON.stringify([{ role: 'user', parts: [{ content: deep }] }]) }),
    'a prompt of the AI SDK': spanWith({
      'ai.operationId': 'ai.generateText.doGenerate',
      'ai.prompt.messages': JSON.stringify(JSON.stringify(deep)),
      'ai.prompt.tools': [JSON.stringify(deep)],
    }),
    'a message of the Gemini CLI': spanWith({
      'gen_ai.agent.name': 'gemini-cli',
      'gen_ai.output.messages': JSON.stringify([{ parts: [JSON.parse(lists(50, '"the core"'))] }]),
    }),
    'an event that MLflow translates': spanWith(
      { 'lk.agent_name': 'a' },
      { events: [event('gen_ai.user.message', { content: JSON.stringify(deep) })] },
    ),
    'an event with structure': spanWith({}, { events: [event('note', { deep })] }),
    'a link with structure': spanWith(
      {},
      { links: [{ context: spanWith({}).spanContext(), attributes: { deep } as unknown as Attributes }] },
    ),
    'structure in attributes': spanWith({ deep } as unknown as Attributes),
    'structure in the resource': spanWith(
      {},
      { resource: Object.create(resourceFromAttributes({}), { attributes: { value: { deep } } }) },
    ),
    'an integer beyond 64 bits': spanWith({ 'mlflow.spanInputs': '{"id":12345678901234567890,"note":"the core"}' }),
    'a large number of JavaScript': spanWith({ 'input.value': JSON.stringify({ id: 2 ** 64, note: 'the core' }) }),
    'an integer of more digits than Python can parse': spanWith({
      'output.value': `{"n":${'9'.repeat(5000)},"note":"the core"}`,
    }),
    'an integer in an event that MLflow translates': spanWith(
      { 'lk.agent_name': 'a' },
      { events: [event('gen_ai.user.message', { content: '{"id":12345678901234567890,"note":"the core"}' })] },
    ),
    'a text of more digits than Python can parse': spanWith({
      'output.value': `\n-${'9'.repeat(5000)} `,
      note: 'the core',
    }),
    'a list of such texts for the AI SDK': spanWith({
      'ai.operationId': 'ai.generateText.doGenerate',
      'ai.prompt.tools': ['9'.repeat(5000), JSON.stringify('9'.repeat(5000)), 'the core'],
    }),
    'an answer of the AI SDK that is an integer': spanWith({
      'ai.operationId': 'ai.streamText.doStream',
      'ai.response.text': '12345678901234567890',
      'ai.prompt.messages': 'the core',
    }),
    'an answer of the AI SDK that only Python can parse': spanWith({
      'ai.operationId': 'ai.streamText.doStream',
      'ai.response.text': lists(60, '[NaN,"the core"]'),
    }),
    'a session that is longer as text': spanWith({
      'session.id': around('{"a":', '}', 40, '0'),
      'output.value': 'the core',
    }),
    'an event whose text is an integer': spanWith(
      { note: 'the core' },
      { events: [event('gen_ai.choice', { content: '-12345678901234567890' })] },
    ),
    'more levels than Python can parse': spanWith({ 'output.value': lists(5000, '"the core"') }),
    'an unfinished text of that many levels': spanWith({ 'output.value': '["the core",'.repeat(5000) }),
  };

  it('arrives complete, and every reader of the experiment can read all traces', async () => {
    const { url } = await testServer();
    const client = new MlflowClient({ trackingUri: url });
    const experimentName = uniqueName('deep');
    const { experimentId } = await client.getOrCreateExperiment(experimentName);
    const exporter = new MlflowSpanExporter({ trackingUri: url, experimentName });
    const log = collectDiag();
    const spans = Object.entries(SPANS).map(([name, span]) => copySpan(span, { name }));
    const result = await exportSpans(exporter, spans);
    await exporter.shutdown();
    log.stop();
    expect([result.code, ...log.lines]).to.deep.equal([SUCCESS]);

    for (const { name, spanContext } of spans) {
      const traceId = `tr-${spanContext().traceId}`;
      expect((await client.getTrace(traceId)).spans, name).to.have.length(1);
      const answer = await fetch(`${url}/api/3.0/mlflow/traces/get?trace_id=${traceId}`);
      expect(await answer.text(), name).to.contain('the core');
    }
    client.close();
    expect(await runPython(SEARCH, url, experimentId)).to.deep.equal(Object.keys(SPANS).sort());
  });

  it('keeps the shape of a chat around it', () => {
    const { attributes } = sanitizeSpan(SPANS['a tool result and a schema']!);
    const { content } = JSON.parse(String(attributes['mlflow.spanInputs'])).messages[0];
    expect(content[0].toolResult.toolUseId).to.equal('t');
    expect(content[0].toolResult.content[0].json).to.be.an('object');
    const [tool] = JSON.parse(String(attributes['mlflow.chat.tools']));
    expect(tool.function.parameters.properties.child.type).to.equal('object');
    expect(attributes['mlflow.spanOutputs']).to.equal(bedrock['mlflow.spanOutputs']);
  });
});
