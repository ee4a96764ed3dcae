/** Traces whose spans are in a file: what the file holds, and how it is read back. */

import { type Attributes, context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { listen } from 'testing/http-server.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { startWithoutOtlp } from 'testing/old-mlflow.js';
import { MlflowClient, MlflowError, MlflowSpanExporter, type MlflowTrace } from '../../src/index.js';
import { experimentLocation } from '../../src/mlflow/traces.js';
import { eachTest } from '../support/each-test.js';
import type { Answer } from '../support/local-server.js';
import { exportSpans, MODEL, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

const messages = (role: string, content: string): string =>
  JSON.stringify([{ role, parts: [{ type: 'text', content }] }]);

/** Spans that hold nothing in MLflow's own attributes, by the name of their convention. */
const CONVENTIONS: Readonly<Record<string, Attributes>> = {
  'GenAI chat': {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'aws.bedrock',
    'gen_ai.request.model': MODEL,
    'gen_ai.input.messages': messages('user', 'Wie wird das Wetter in Köln?'),
    'gen_ai.output.messages': messages('assistant', 'Regen'),
    'gen_ai.system_instructions': JSON.stringify([{ type: 'text', content: 'Be brief.' }]),
    'gen_ai.tool.definitions': JSON.stringify([{ type: 'function', name: 'weather', parameters: { type: 'object' } }]),
    'gen_ai.usage.input_tokens': 30,
    'gen_ai.usage.output_tokens': 5,
    'gen_ai.usage.cache_read.input_tokens': 20,
    'gen_ai.usage.cache_creation.input_tokens': 4,
  },
  'GenAI embedding': {
    'gen_ai.operation.name': 'embeddings',
    'gen_ai.request.model': 'amazon.titan-embed-text-v2:0',
    'gen_ai.usage.input_tokens': 7,
  },
  'GenAI tool': {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.call.arguments': '{"city":"Köln","id":9007199254740993}',
    'gen_ai.tool.call.result': '[]',
  },
  OpenInference: {
    'openinference.span.kind': 'LLM',
    'input.value': '{"prompt":"Hi"}',
    'output.value': 'Hello',
    'llm.model_name': 'gpt-4o',
    'llm.provider': 'openai',
    'llm.token_count.prompt': 3,
    'llm.token_count.completion': 2,
    'llm.token_count.total': 5,
  },
  Traceloop: {
    'traceloop.span.kind': 'workflow',
    'traceloop.entity.input': '{"inputs":["a"]}',
    'traceloop.entity.output': '"b"',
  },
  'Traceloop chat': {
    'gen_ai.system': 'Anthropic',
    'gen_ai.request.model': 'claude-3',
    'gen_ai.prompt.0.content': 'Hi',
    'gen_ai.completion.0.content': 'Hello',
    'gen_ai.usage.prompt_tokens': 3,
    'gen_ai.usage.completion_tokens': 2,
  },
  'AI SDK chat': {
    'ai.operationId': 'ai.generateText.doGenerate',
    'ai.prompt.messages': '[{"role":"user","content":[{"type":"text","text":"Hi"}]}]',
    'ai.prompt.tools': ['{"type":"function","name":"weather"}'],
    'ai.response.text': 'Hello',
    'ai.response.finishReason': 'stop',
    'gen_ai.request.model': 'claude-3',
    'gen_ai.system': 'bedrock',
    'gen_ai.usage.input_tokens': 3,
    'gen_ai.usage.output_tokens': 2,
  },
  'AI SDK call': { 'ai.operationId': 'ai.generateText', 'ai.prompt': '{"prompt":"Hi"}', 'ai.response.text': 'Hello' },
  'AI SDK chat without content': { 'ai.operationId': 'ai.generateText.doGenerate', 'gen_ai.request.model': 'claude-3' },
  'empty values before others': {
    'input.value': [],
    'gen_ai.input.messages': '[{"role":"user","content":"Hi"}]',
    'output.value': 0,
    'gen_ai.output.messages': '[{"role":"assistant","content":"Hello"}]',
  },
  'tokens of one side': { 'gen_ai.usage.output_tokens': 2, 'gen_ai.request.model': 'claude-3' },
  'request that is no JSON': { 'mlflow.spanType': 'CHAT_MODEL', 'mlflow.spanInputs': '{"model":"gpt-4o"' },
  Langfuse: {
    'langfuse.observation.type': 'retriever',
    'langfuse.observation.input': 'question',
    'langfuse.observation.output': '["document"]',
  },
  VoltAgent: { 'span.type': 'llm', 'voltagent.operation_id': 'x', 'llm.messages': '[{"role":"user","content":"Hi"}]' },
  'request of OpenAI': {
    'mlflow.spanType': 'CHAT_MODEL',
    'mlflow.spanInputs': '{"model":"gpt-4o","messages":[]}',
    'mlflow.spanOutputs': '"text"',
  },
  values: {
    text: 'plain',
    digits: '42',
    integer: 42,
    fraction: 1.5,
    flag: true,
    list: ['a', 'b'],
    'quoted text': '"quoted"',
    'nothing in it': '',
  },
};

/** Spans that record messages in events, as earlier versions of the GenAI conventions have it. */
const MESSAGE_EVENTS: Readonly<Record<string, [event: string, attributes: Attributes][]>> = {
  'message events': [
    ['gen_ai.system.message', { content: 'Be brief.' }],
    ['gen_ai.user.message', { content: '[{"text":"Hi","id":9007199254740993}]' }],
    ['gen_ai.tool.message', { content: 'result' }],
    ['gen_ai.choice', { message: 'without content' }],
    ['gen_ai.choice', { content: 'Hello', role: 'model' }],
    ['gen_ai.choice', { content: 'Again' }],
  ],
  'content events': [
    ['gen_ai.content.prompt', { 'gen_ai.prompt': '[{"role":"user","content":"Hi"}]' }],
    ['gen_ai.content.completion', { 'gen_ai.completion': 'Hello' }],
  ],
  'other events': [['gen_ai.choice', {}]],
};

/** What is the same in two traces of the same spans. */
function comparable({ spans }: MlflowTrace): unknown {
  return Object.fromEntries(
    spans.map(({ spanId: _id, parentSpanId, startTimeUnixNano, endTimeUnixNano, events, links, ...span }) => {
      const { 'mlflow.traceRequestId': _request, 'mlflow.llm.cost': _cost, ...attributes } = span.attributes;
      const { cost: _price, kind: _kind, ...rest } = span;
      return [
        span.name,
        {
          ...rest,
          attributes,
          isRoot: parentSpanId === undefined,
          nanoseconds: (endTimeUnixNano ?? 0n) - startTimeUnixNano,
          events: events.map(({ name, timeUnixNano, ...event }) => [name, timeUnixNano - startTimeUnixNano, event]),
          links,
        },
      ];
    }),
  );
}

function record(): ReadableSpan[] {
  return recordSpans((tracer) => {
    const root = tracer.startSpan('root', { kind: SpanKind.SERVER, startTime: [1_796_083_528, 230_618_727] });
    const below = trace.setSpan(context.active(), root);
    for (const [name, attributes] of Object.entries(CONVENTIONS)) {
      tracer
        .startSpan(name, { attributes, startTime: [1_796_083_528, 230_618_728] }, below)
        .end([1_796_083_528, 231_000_001]);
    }
    for (const [name, events] of Object.entries(MESSAGE_EVENTS)) {
      const span = tracer.startSpan(name, { startTime: [1_796_083_528, 230_618_728] }, below);
      for (const [event, attributes] of events) span.addEvent(event, attributes, [1_796_083_528, 230_618_730]);
      span.end([1_796_083_528, 231_000_001]);
    }
    const other = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 };
    const failed = tracer.startSpan(
      'failed',
      { links: [{ context: other, attributes: { n: 1 } }], startTime: [1_796_083_528, 230_618_729] },
      below,
    );
    failed.addEvent('event', { text: 'x', list: [1, 2], json: '{"a":1}' }, [1_796_083_528, 230_700_003]);
    failed.setStatus({ code: SpanStatusCode.ERROR, message: 'no luck' }).end([1_796_083_528, 231_000_001]);
    root.end([1_796_083_528, 271_984_897]);
  });
}

describe('a trace whose spans are in a file', () => {
  let server: string;
  before(async function () {
    this.timeout(300_000);
    server = (await testServer()).url;
  });
  const { closing } = eachTest();

  /** Stores the spans by a server without OTLP, and returns the id of their trace. */
  async function storeInFile(spans: readonly ReadableSpan[]): Promise<string> {
    const old = await startWithoutOtlp(server);
    closing.push(old.close);
    return store(old.url, spans);
  }
  async function store(trackingUri: string, spans: readonly ReadableSpan[]): Promise<string> {
    const exporter = new MlflowSpanExporter({ trackingUri, experimentName: uniqueName('file') });
    closing.push(() => exporter.shutdown());
    expect((await exportSpans(exporter, [...spans])).code).to.equal(SUCCESS);
    return `tr-${spans[0]?.spanContext().traceId}`;
  }
  function client(): MlflowClient {
    const client = new MlflowClient({ trackingUri: server });
    closing.push(() => client.close());
    return client;
  }

  it('reads back as one whose spans came by OTLP', async () => {
    const [byFile, byOtlp] = await Promise.all([storeInFile(record()), store(server, record())]);
    const [ours, theirs] = await Promise.all([client().getTrace(byFile), client().getTrace(byOtlp)]);
    expect(ours.info.tags['mlflow.trace.spansLocation']).to.equal(undefined);
    expect(theirs.info.tags['mlflow.trace.spansLocation']).to.equal('TRACKING_STORE');
    expect(comparable(ours)).to.deep.equal(comparable(theirs));
    expect(ours.spans.map(({ name, kind }) => [name, kind])).to.deep.include.members([
      ['root', 'SERVER'],
      ['failed', 'INTERNAL'],
    ]);
    const withoutServerTags = ({ info }: MlflowTrace) => ({
      tokenUsage: info.tokenUsage,
      requestPreview: info.requestPreview,
    });
    expect(withoutServerTags(ours)).to.deep.equal(withoutServerTags(theirs));
  });

  it('is found where the server lacks the route for one trace, or a gateway does not know it', async () => {
    const [inFile, inDatabase] = await Promise.all([storeInFile(record()), store(server, record())]);
    for (const status of [404, 403]) {
      const gateway = await listen(async (request, response) => {
        const isUnknown = request.url?.startsWith('/api/3.0/mlflow/traces/get?');
        const answer = isUnknown ? new Response('unknown', { status }) : await fetch(`${server}${request.url}`);
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
        response.end(await answer.text());
      });
      const reader = new MlflowClient({ trackingUri: gateway.url });
      closing.push(gateway.close, () => reader.close());
      const [ours, theirs] = await Promise.all([reader.getTrace(inFile), reader.getTrace(inDatabase)]);
      expect(comparable(ours), `${status}`).to.deep.equal(comparable(theirs));
    }
  });

  it('has no spans until the file is there', async () => {
    const [span] = record();
    const traceId = `tr-${span?.spanContext().traceId}`;
    const old = await startWithoutOtlp(server);
    closing.push(old.close);
    const info = { trace_id: traceId, trace_location: experimentLocation('0'), request_time: new Date().toISOString() };
    await postTrace(old.url, { ...info, state: 'OK', tags: { 'mlflow.traceName': 'early' } });
    const { info: read, spans } = await client().getTrace(traceId);
    expect([read.name, spans]).to.deep.equal(['early', []]);
  });

  it('is missing if its record is', async () => {
    const failure = await client()
      .getTrace(`tr-${'0'.repeat(31)}1`)
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(MlflowError).and.include({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
  });
});

describe('a trace whose file is out of reach', () => {
  const { closing, startServer } = eachTest();
  const REMEDY =
    'start it with --serve-artifacts and use a new experiment, or use MLflow >= 3.4 on a database, which keeps spans there.';
  const PLACES: Readonly<Record<string, string>> = {
    'gs://bucket/0': 'in gs:// storage',
    'wasbs://container@account.blob.core.windows.net/0': 'in wasbs:// storage',
    'file:///home/ada/mlruns/0': 'in a folder of its machine',
    '/home/ada/mlruns/0': 'in a folder of its machine',
    'C:\\mlruns\\0': 'in a folder of its machine',
  };
  for (const [location, place] of Object.entries(PLACES)) {
    it(`rejects with what to do for ${location}`, async () => {
      const trace_info = {
        trace_id: `tr-${'1'.repeat(32)}`,
        trace_location: experimentLocation('0'),
        request_time: '2026-11-30T00:00:00Z',
        state: 'OK',
        tags: { 'mlflow.artifactLocation': location },
      };
      const { url } = await startServer(({ path }) =>
        path.includes('/traces/get?')
          ? { status: 501 }
          : { status: 200, body: JSON.stringify({ trace: { trace_info } }) },
      );
      const client = new MlflowClient({ trackingUri: url });
      closing.push(() => client.close());
      const failure = await client.getTrace(trace_info.trace_id).catch((error: unknown) => error);
      expect(failure)
        .to.be.instanceOf(MlflowError)
        .and.include({
          message: `MLflow at ${url} keeps the spans of this experiment ${place}, out of reach of this package: ${REMEDY}`,
        });
    });
  }

  const ID = `tr-${'1'.repeat(32)}`;
  const recordWith = (tags: Record<string, string>): Answer => {
    const info = { trace_id: ID, trace_location: experimentLocation('0'), request_time: '2026-11-30T00:00:00Z' };
    return { status: 200, body: JSON.stringify({ trace: { trace_info: { ...info, state: 'OK', tags } } }) };
  };
  /** What the client returns or throws if the server has no route for one trace, and answers these to other requests. */
  async function read(info: Answer, batch: Answer = { status: 404 }): Promise<unknown> {
    const { url } = await startServer(({ path }) => {
      if (path.includes('/traces/get?')) return { status: 501 };
      return path.includes('/traces/batchGet?') ? batch : info;
    });
    const client = new MlflowClient({ trackingUri: url, retry: { maxRetries: 0 } });
    closing.push(() => client.close());
    const answer = await client.getTrace(ID).catch((error: Error) => error.message.replace(url, 'the server'));
    return typeof answer === 'string' ? answer : answer.spans;
  }

  it('rejects with what to do if its record names no place, or no bucket', async () => {
    expect(await read(recordWith({}))).to.equal(
      'MLflow at the server does not say where it keeps the spans of traces: use MLflow >= 3.4 on a database, which keeps spans there.',
    );
    expect(await read(recordWith({ 'mlflow.artifactLocation': 's3:///traces' }))).to.equal(
      'MLflow at the server keeps spans at s3:///traces, which names no bucket: correct its artifact root.',
    );
  });

  it('rejects with the first answer if the server has none of the routes, and with that of an outage', async () => {
    const first = await read({ status: 501 });
    expect(first).to.be.a('string').that.includes('501');
    expect(await read(recordWith({ 'mlflow.trace.spansLocation': 'TRACKING_STORE' }))).to.equal(first);
    expect(await read({ status: 503 }))
      .to.be.a('string')
      .that.includes('503');
  });

  it('has no spans if a batch has not got it yet', async () => {
    const inDatabase = recordWith({ 'mlflow.trace.spansLocation': 'TRACKING_STORE' });
    expect(await read(inDatabase, { status: 200, body: '{}' })).to.deep.equal([]);
  });
});

async function postTrace(url: string, info: object): Promise<void> {
  const response = await fetch(`${url}/api/3.0/mlflow/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ trace: { trace_info: info } }),
  });
  expect(response.status).to.equal(200);
}
