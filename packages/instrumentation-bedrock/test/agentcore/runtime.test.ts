/** InvokeAgentRuntime: agents in AgentCore, whose answers are bytes. */

import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type BedrockAgentCoreClient,
  type BedrockAgentCoreClientConfig,
  InvokeAgentRuntimeCommand,
  type InvokeAgentRuntimeCommandOutput,
} from '@aws-sdk/client-bedrock-agentcore';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import {
  type AgentCore,
  beforeEachAgentCoreTest,
  createAgentCoreClient,
  errorOf,
  pieces,
} from '../support/agentcore.js';
import { http2Handler, until } from '../support/compare.js';
import { json } from '../support/tracing.js';

const ARN = 'arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/bee_keeper-a1B2c3D4e5';
const SESSION = 'session-of-the-bees-0000000000000001';
const INPUT = {
  agentRuntimeArn: ARN,
  runtimeSessionId: SESSION,
  qualifier: 'PROD',
  contentType: 'application/json',
  accept: 'application/json',
  payload: JSON.stringify({ prompt: 'When do bees swarm?' }),
};
const ANSWER = JSON.stringify({ result: 'Bees swarm in May – mostly. 🐝' });

type Body = NonNullable<InvokeAgentRuntimeCommandOutput['response']>;

/** A text in pieces that split its characters. */
function split(text: string, length = 7): Buffer[] {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / length);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * length, (index + 1) * length));
}

/** Every way to read a body to its end. */
const READERS: Record<string, (body: Body) => Promise<string>> = {
  transformToString: (body) => body.transformToString(),
  transformToByteArray: async (body) => Buffer.from(await body.transformToByteArray()).toString(),
  async transformToWebStream(body) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body.transformToWebStream() as ReadableStream<Uint8Array>) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  },
  async iteration(body) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body as Readable) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  },
  listeners: (body) =>
    new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = [];
      const stream = body as Readable;
      stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      stream.on('end', () => resolve(Buffer.concat(chunks).toString()));
      stream.on('error', reject);
    }),
  'listeners with an encoding': (body) =>
    new Promise((resolve) => {
      let text = '';
      const stream = body as Readable;
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        text += chunk;
      });
      stream.on('end', () => resolve(text));
    }),
  'read()': (body) =>
    new Promise((resolve) => {
      const chunks: Uint8Array[] = [];
      const stream = body as Readable;
      stream.on('readable', () => {
        for (let chunk = stream.read(3); chunk !== null; chunk = stream.read(3)) chunks.push(chunk);
        const rest = stream.read();
        if (rest !== null) chunks.push(rest);
      });
      stream.on('end', () => resolve(Buffer.concat(chunks).toString()));
    }),
  async pipe(body) {
    const chunks: Uint8Array[] = [];
    const sink = (body as Readable).pipe(new PassThrough());
    for await (const chunk of sink) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  },
  async pipeline(body) {
    const chunks: Uint8Array[] = [];
    await pipeline(body as Readable, async (source: AsyncIterable<Uint8Array>) => {
      for await (const chunk of source) chunks.push(chunk);
    });
    return Buffer.concat(chunks).toString();
  },
  toArray: async (body) => Buffer.concat(await (body as Readable).toArray()).toString(),
};

describe('InvokeAgentRuntime', () => {
  let core: AgentCore;
  beforeEachAgentCoreTest((parts) => {
    core = parts;
  });

  async function invoke(input: object = {}, client: BedrockAgentCoreClient = core.client, options = {}) {
    return client.send(new InvokeAgentRuntimeCommand({ ...INPUT, ...input }), options);
  }

  async function spanOf(input: object = {}): Promise<ReadableSpan> {
    const { response } = await invoke(input);
    await response!.transformToString();
    return core.tracing.spans()[0]!;
  }

  it('is an invoke_agent span with the runtime, the session, the input and the output', async () => {
    core.answer(pieces('application/json', split(ANSWER)));
    const span = await spanOf();
    expect(span.name).to.equal('invoke_agent bee_keeper');
    expect(span.attributes).to.include({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.agent.id': ARN,
      'gen_ai.agent.name': 'bee_keeper',
      'gen_ai.conversation.id': SESSION,
      'aws.bedrock.agentcore.qualifier': 'PROD',
      'aws.bedrock.agentcore.status_code': 200,
      'http.response.status_code': 200,
      'mlflow.spanType': 'AGENT',
    });
    expect(json(span, 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'When do bees swarm?' }] },
    ]);
    expect(json(span, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: JSON.parse(ANSWER).result }], finish_reason: 'stop' },
    ]);
    expect(json(span, 'mlflow.spanInputs')).to.deep.include({
      agentRuntimeArn: ARN,
      payload: JSON.parse(INPUT.payload),
    });
    expect(json(span, 'mlflow.spanOutputs')).to.deep.include({ response: JSON.parse(ANSWER) });
    // MLflow shows a chat.
    expect(span.attributes['mlflow.message.format']).to.equal('bedrock');
    expect(json(span, 'mlflow.spanInputs')).to.deep.include({
      messages: [{ role: 'user', content: [{ text: 'When do bees swarm?' }] }],
    });
    expect(json(span, 'mlflow.spanOutputs')).to.deep.include({
      output: { message: { role: 'assistant', content: [{ text: JSON.parse(ANSWER).result }] } },
    });
    expect(span.status.code).to.equal(SpanStatusCode.UNSET);
    expect(span.attributes).to.not.have.any.keys('gen_ai.usage.input_tokens', 'gen_ai.request.stream', 'user.id');
  });

  it('ends its span with the stream, however the application reads it', async () => {
    for (const [protocol, client] of Object.entries({ 'HTTP/2': core.http2, 'HTTP/1.1': core.client })) {
      for (const [name, read] of Object.entries(READERS)) {
        core.answer(pieces('application/json', split(ANSWER)));
        const before = core.tracing.spans().length;
        const { response } = await invoke({}, client);
        expect(core.simulator.requests.at(-1)?.httpVersion).to.equal(protocol === 'HTTP/2' ? '2.0' : '1.1');
        expect(core.tracing.spans(), `${name} over ${protocol}: unread`).to.have.lengthOf(before);
        expect(await read(response!), `${name} over ${protocol}`).to.equal(ANSWER);
        expect(core.tracing.spans(), `${name} over ${protocol}`).to.have.lengthOf(before + 1);
        expect(json(core.tracing.spans()[before]!, 'mlflow.spanOutputs'), `${name} over ${protocol}`).to.deep.include({
          response: JSON.parse(ANSWER),
        });
      }
    }
  });

  it('changes nothing that the application sees', async () => {
    const view = async (client: BedrockAgentCoreClient): Promise<unknown> => {
      core.answer(pieces('text/plain', split('Bees swarm in May.')));
      const output = await invoke({}, client);
      const stream = output.response as unknown as Readable;
      const { response: _response, $metadata: _metadata, ...others } = output;
      const text = await output.response!.transformToString();
      return {
        others,
        keys: Object.keys(stream).filter((key) => !key.startsWith('_')),
        listeners: stream.eventNames().map(String),
        kind: stream.constructor.name,
        flowing: stream.readableFlowing,
        text,
        again: String(await errorOf(() => output.response!.transformToString())),
      };
    };
    for (const client of [core.client, core.http2]) {
      core.tracing.instrumentation.disable();
      const without = await view(client);
      core.tracing.instrumentation.enable();
      expect(await view(client)).to.deep.equal(without);
    }
  });

  it('does not read ahead, and leaves a paused stream paused', async () => {
    core.answer(pieces('text/plain', ['Bees ', 'swarm.']));
    const { response } = await invoke();
    const stream = response as unknown as Readable;
    expect(stream.readableFlowing).to.equal(null);
    expect(stream.listenerCount('data')).to.equal(0);
    expect(core.tracing.spans()).to.have.lengthOf(0);
    stream.destroy();
    await until(() => core.tracing.spans().length === 1);
  });

  it('joins the texts of server-sent events, and shows each as an event of the span', async () => {
    core.answer(
      pieces('text/event-stream', split('data: "Bees "\n\ndata: "swarm"\r\n\r\n: ping\n\ndata: " in May. 🐝"\n\n')),
    );
    const span = await spanOf({ accept: 'text/event-stream' });
    expect(json(span, 'gen_ai.output.messages')).to.have.nested.property(
      '[0].parts[0].content',
      'Bees swarm in May. 🐝',
    );
    expect(span.attributes).to.include({ 'gen_ai.request.stream': true });
    expect(span.attributes['gen_ai.response.time_to_first_chunk']).to.be.greaterThan(0);
    expect(span.events.length).to.be.greaterThan(0);
    expect(new Set(span.events.map(({ name }) => name))).to.deep.equal(new Set(['chunk']));
  });

  it('keeps the events of an agent that are no texts as a list', async () => {
    core.answer(
      pieces('text/event-stream; charset=utf-8', [
        'event: step\ndata: {"tool":"weather"}\n\n',
        'data: {"text":\ndata: "Sunny"}\n\n',
        'data: [DONE]\n\n',
      ]),
    );
    const span = await spanOf();
    const events = [{ event: 'step', data: { tool: 'weather' } }, { text: 'Sunny' }, '[DONE]'];
    expect(json(span, 'mlflow.spanOutputs')).to.deep.include({ response: events });
    expect(json(span, 'gen_ai.output.messages')).to.have.nested.property(
      '[0].parts[0].content',
      JSON.stringify(events),
    );
  });

  it('takes no tokens from an answer in the format of the agent', async () => {
    core.answer(
      pieces('application/json', [
        '{"usage":{"inputTokens":7,"outputTokens":9},"metadata":{"usage":{"inputTokens":1}}}',
      ]),
    );
    const keys = Object.keys((await spanOf()).attributes);
    expect(keys.filter((key) => /usage|token/i.test(key))).to.deep.equal([]);
  });

  it('puts a note in the place of a binary answer, and reads payloads of bytes', async () => {
    const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe, 0, 1]);
    core.answer(pieces('image/png', [png, png]));
    const { response } = await invoke({ payload: Buffer.from(JSON.stringify({ draw: 'a bee', size: 3 })) });
    expect(Buffer.from(await response!.transformToByteArray())).to.deep.equal(Buffer.concat([png, png]));
    const [span] = core.tracing.spans();
    expect(json(span!, 'mlflow.spanOutputs')).to.deep.include({ response: '[16 bytes not recorded]' });
    expect(json(span!, 'mlflow.spanInputs')).to.deep.include({ payload: { draw: 'a bee', size: 3 } });
    expect(json(span!, 'gen_ai.input.messages')).to.have.nested.property(
      '[0].parts[0].content',
      '{"draw":"a bee","size":3}',
    );
  });

  it('decodes text in the charset of its type', async () => {
    core.answer(pieces('text/plain; charset=iso-8859-1', [Buffer.from('Bienen schwärmen.', 'latin1')]));
    expect(json(await spanOf(), 'mlflow.spanOutputs')).to.deep.include({ response: 'Bienen schwärmen.' });
  });

  it('takes text for UTF-8 if its charset is unknown, or its type is', async () => {
    for (const type of ['text/plain; charset=klingon', undefined]) {
      const { headers: _, ...answer } = pieces('', split(ANSWER));
      core.answer(type === undefined ? answer : { ...answer, headers: { 'content-type': type } });
      const before = core.tracing.spans().length;
      const { response } = await invoke();
      expect(await response!.transformToString()).to.equal(ANSWER);
      expect(core.tracing.spans()[before]!.attributes['mlflow.spanOutputs']).to.include('Bees swarm in May – mostly.');
    }
  });

  it('has the ids of MCP, the tool, and the session that the service made', async () => {
    core.answer({
      headers: {
        'content-type': 'application/json',
        'x-amzn-bedrock-agentcore-runtime-session-id': 'made-by-the-service-000000000000001',
        'mcp-session-id': 'mcp-2',
      },
      body: { jsonrpc: '2.0', id: 1, result: {} },
    });
    const span = await spanOf({
      runtimeSessionId: undefined,
      mcpSessionId: 'mcp-1',
      mcpProtocolVersion: '2025-06-18',
      mcpMethod: 'tools/call',
      mcpName: 'count_bees',
      payload: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count_bees"}}',
    });
    expect(span.attributes).to.include({
      'gen_ai.conversation.id': 'made-by-the-service-000000000000001',
      'mcp.session.id': 'mcp-2',
      'mcp.protocol.version': '2025-06-18',
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'count_bees',
    });
  });

  it('keeps the name that a hook of the application has given to the span', async () => {
    await core.trace({ config: { requestHook: (span) => void span.updateName('ask the keeper') } });
    core.answer(pieces('text/event-stream', ['data: "Bees"\n\n']));
    expect((await spanOf()).name).to.equal('ask the keeper');
  });

  it('names no agent whose ARN has another form', async () => {
    core.answer({ body: {} });
    const odd = 'arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/other';
    expect((await spanOf({ agentRuntimeArn: odd })).name).to.equal('invoke_agent');
    expect(core.tracing.spans()[0]?.attributes).to.include({ 'gen_ai.agent.id': odd });
  });

  for (const protocol of ['HTTP/2', 'HTTP/1.1']) {
    describe(`over ${protocol}`, () => {
      const client = (): BedrockAgentCoreClient => (protocol === 'HTTP/2' ? core.http2 : core.client);
      const lastSpan = async (): Promise<ReadableSpan> => {
        await until(() => core.tracing.spans().length === 1);
        return core.tracing.spans()[0]!;
      };

      it('ends its span without an error if the application leaves the answer early', async () => {
        const leave: Record<string, (stream: Readable) => Promise<unknown>> = {
          async break(stream) {
            for await (const _chunk of stream) break;
          },
          async throw(stream) {
            await errorOf(async () => {
              for await (const _chunk of stream) throw new Error('enough');
            });
          },
          async destroy(stream) {
            await new Promise((resolve) => stream.once('data', resolve));
            stream.destroy();
          },
          async cancel(stream) {
            const reader = Readable.toWeb(stream).getReader();
            await reader.read();
            await reader.cancel();
          },
        };
        for (const [name, act] of Object.entries(leave)) {
          await core.trace({});
          core.answer(pieces('text/plain', ['Bees '], 'hang'));
          const { response } = await invoke({}, client());
          await act(response as unknown as Readable);
          const span = await lastSpan();
          expect(span.status.code, name).to.equal(SpanStatusCode.UNSET);
          expect(span.attributes, name).to.not.have.any.keys('error.type');
          expect(json(span, 'mlflow.spanOutputs'), name).to.deep.include({ response: 'Bees ', incomplete: true });
          expect(json(span, 'gen_ai.output.messages'), name).to.have.nested.property('[0].finish_reason', 'error');
        }
      });

      it('fails if the connection is lost, with or without a listener for errors', async () => {
        const readers: Record<string, (stream: Readable) => unknown> = {
          iteration: (stream) => errorOf(() => stream.toArray()),
          listener: (stream) => void stream.on('data', () => undefined),
        };
        for (const [name, read] of Object.entries(readers)) {
          await core.trace({});
          core.answer(pieces('text/plain', ['Bees '], 'reset'));
          const { response } = await invoke({}, client());
          await read(response as unknown as Readable);
          const span = await lastSpan();
          expect(span.status.code, name).to.equal(SpanStatusCode.ERROR);
          const type = protocol === 'HTTP/2' ? 'ERR_HTTP2_STREAM_ERROR' : 'ECONNRESET';
          expect(span.attributes['error.type'], name).to.equal(type);
          expect(json(span, 'mlflow.spanOutputs'), name).to.deep.include({ response: 'Bees ', incomplete: true });
        }
      });

      it('fails if the service goes away: over HTTP/2, Node.js ends such a stream without an error', async () => {
        const passing = await startSimulator({ respond: () => pieces('text/plain', ['Bees '], 'hang') });
        const handler = protocol === 'HTTP/2' ? http2Handler() : {};
        const own = createAgentCoreClient(passing.url, handler as BedrockAgentCoreClientConfig);
        const { response } = await invoke({}, own);
        const stream = response as unknown as Readable;
        stream.once('data', () => void passing.close());
        const error = await errorOf(() => stream.toArray());
        const type = protocol === 'HTTP/2' ? 'incomplete_stream' : 'ECONNRESET';
        expect((await lastSpan()).attributes['error.type']).to.equal(type);
        expect(error === undefined).to.equal(protocol === 'HTTP/2');
        own.destroy();
      });

      it('fails with the reason of its AbortSignal', async () => {
        core.answer(pieces('text/plain', ['Bees '], 'hang'));
        const controller = new AbortController();
        const { response } = await invoke({}, client(), { abortSignal: controller.signal });
        const stream = response as unknown as Readable;
        stream.once('data', () => controller.abort());
        await errorOf(() => stream.toArray());
        expect((await lastSpan()).attributes['error.type']).to.equal('AbortError');
      });

      it('ends its span if the client is destroyed before the answer is read', async () => {
        core.answer(pieces('text/plain', ['Bees '], 'hang'));
        await invoke({}, client());
        client().destroy();
        await lastSpan();
      });

      it('ends its span when the instrumentation is disabled, and the application reads on', async () => {
        core.answer(pieces('text/plain', ['Bees ', 'swarm.']));
        const { response } = await invoke({}, client());
        core.tracing.instrumentation.disable();
        expect(core.tracing.spans()).to.have.lengthOf(1);
        expect(await response!.transformToString()).to.equal('Bees swarm.');
        expect(core.tracing.spans()).to.have.lengthOf(1);
      });
    });
  }

  it('ends its span at the last byte if the application then reads no further', async () => {
    core.answer({ headers: { 'content-type': 'text/plain' }, body: 'Bees swarm.' });
    const read: Record<string, (stream: Readable) => Promise<unknown>> = {
      async 'read()'(stream) {
        await once(stream, 'readable');
        stream.read('Bees swarm.'.length);
      },
      async break(stream) {
        for await (const _chunk of stream) break;
      },
    };
    for (const [name, act] of Object.entries(read)) {
      await core.trace({});
      const { response } = await invoke();
      const stream = response as unknown as Readable;
      await act(stream);
      await until(() => core.tracing.spans().length === 1);
      const [span] = core.tracing.spans();
      expect(json(span!, 'mlflow.spanOutputs'), name).to.include({ response: 'Bees swarm.' });
      expect(json(span!, 'mlflow.spanOutputs'), name).to.not.have.any.keys('incomplete');
    }
  });

  it('ends its span when an unread stream is collected', async () => {
    // A stream that no connection keeps alive.
    const body = (): Readable => Readable.from([Buffer.from('Bees')], { objectMode: false });
    const requestHandler = {
      handle: async () => ({ response: { statusCode: 200, headers: { 'content-type': 'text/plain' }, body: body() } }),
    };
    const client = createAgentCoreClient(core.simulator.url, { requestHandler: requestHandler as never });
    await (async () => void (await invoke({}, client)))();
    await until(() => {
      globalThis.gc?.();
      return core.tracing.spans().length === 1;
    });
    expect(core.tracing.spans()[0]?.status.code).to.equal(SpanStatusCode.UNSET);
  });

  it('fails with the error of the service', async () => {
    core.answer({ status: 424, headers: { 'x-amzn-errortype': 'RuntimeClientError' }, body: { message: 'It stung.' } });
    expect(String(await errorOf(() => invoke()))).to.include('It stung.');
    expect(core.tracing.spans()[0]?.attributes).to.include({ 'error.type': 'RuntimeClientError' });
  });

  it('keeps a long answer within the length of a record', async () => {
    await core.trace({ config: { maxRecordLength: 20_000, recordStreamEvents: false } });
    const line = `data: "${'bees '.repeat(200)}"\n\n`;
    core.answer(
      pieces(
        'text/event-stream',
        Array.from({ length: 300 }, () => line),
      ),
    );
    const span = await spanOf();
    const length = Object.values(span.attributes).reduce<number>((sum, value) => sum + String(value).length, 0);
    expect(length).to.be.below(25_000);
    expect(String(span.attributes['gen_ai.output.messages'])).to.include('not recorded');
  });

  it('records no text of any kind if content is off', async () => {
    await core.trace({ config: { captureMessageContent: false } });
    core.answer({
      headers: {
        'content-type': 'text/event-stream; note=canary',
        'x-amzn-bedrock-agentcore-runtime-session-id': 'the canary "session"',
        'mcp-session-id': 'a canary session',
        baggage: 'user=canary',
      },
      body: 'data: "canary"\n\ndata: {"canary": 1}\n\n',
    });
    const span = await spanOf({
      qualifier: 'a canary qualifier',
      runtimeSessionId: 'a canary session, thirty-three characters long',
      runtimeUserId: 'canary@example.com',
      mcpSessionId: 'a canary session',
      mcpProtocolVersion: 'canary version',
      mcpMethod: 'canary method',
      mcpName: 'a canary tool',
      baggage: 'user=canary',
      payload: '{"prompt":"canary"}',
      accept: 'text/event-stream',
    });
    const { attributes, events, name, status } = span;
    expect(JSON.stringify({ attributes, events, name, status })).to.not.match(/canary/i);
    expect(attributes).to.include({ 'gen_ai.agent.id': ARN, 'aws.bedrock.agentcore.status_code': 200 });
  });
});
