/** InvokeAgentRuntime over request handlers that use `fetch`, as the SDK does in browsers and edge runtimes. */

import { Readable } from 'node:stream';
import { InvokeAgentRuntimeCommand, type InvokeAgentRuntimeCommandOutput } from '@aws-sdk/client-bedrock-agentcore';
import { SpanStatusCode } from '@opentelemetry/api';
import { expect } from 'chai';
import {
  type AgentCore,
  beforeEachAgentCoreTest,
  createAgentCoreClient,
  errorOf,
  pieces,
} from '../support/agentcore.js';
import { until } from '../support/compare.js';
import { json } from '../support/tracing.js';

type Body = NonNullable<InvokeAgentRuntimeCommandOutput['response']>;

/** The request that the SDK gives to a request handler. */
interface HttpRequest {
  readonly hostname: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

describe('InvokeAgentRuntime with a request handler whose bodies are web streams', () => {
  let core: AgentCore;
  beforeEachAgentCoreTest((parts) => {
    core = parts;
  });

  /** As the SDK's FetchHttpHandler. */
  const requestHandler = {
    async handle({ hostname, port, path, headers, body }: HttpRequest) {
      const url = `http://${hostname}:${port}${path}`;
      const response = await fetch(url, { method: 'POST', headers, body: body as string });
      return {
        response: { statusCode: response.status, headers: Object.fromEntries(response.headers), body: response.body },
      };
    },
  };
  const send = async (): Promise<Body> => {
    const client = createAgentCoreClient(core.simulator.url, { requestHandler: requestHandler as never });
    const { response } = await client.send(
      new InvokeAgentRuntimeCommand({
        agentRuntimeArn: 'arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/bee_keeper-a1B2c3D4e5',
        payload: '{"prompt":"When do bees swarm?"}',
      }),
    );
    return response!;
  };
  const webReaders: Record<string, (body: ReadableStream<Uint8Array> & Body) => Promise<string>> = {
    transformToString: (body) => body.transformToString(),
    transformToByteArray: async (body) => Buffer.from(await body.transformToByteArray()).toString(),
    async iteration(body) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    },
    async values(body) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body.values()) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    },
    async 'a reader'(body) {
      const reader = body.getReader();
      const chunks: Uint8Array[] = [];
      for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
      return Buffer.concat(chunks).toString();
    },
    Response: (body) => new Response(body).text(),
    'Readable.fromWeb': async (body) =>
      Buffer.concat(await Readable.fromWeb(body as import('node:stream/web').ReadableStream).toArray()).toString(),
  };

  it('ends its span with the stream', async () => {
    core.answer(pieces('application/json', ['{"result":', '"Bees swarm in May."}']));
    for (const [name, read] of Object.entries(webReaders)) {
      const before = core.tracing.spans().length;
      const body = await send();
      expect(core.tracing.spans(), `${name}: unread`).to.have.lengthOf(before);
      expect(await read(body as never), name).to.equal('{"result":"Bees swarm in May."}');
      expect(core.tracing.spans(), name).to.have.lengthOf(before + 1);
      const outputs = json(core.tracing.spans()[before]!, 'mlflow.spanOutputs');
      expect(outputs, name).to.deep.include({ response: { result: 'Bees swarm in May.' } });
      expect(outputs, name).to.not.have.any.keys('incomplete');
    }
  });

  it('ends its span where the application leaves the stream, or hands it on unseen', async () => {
    const leave: Record<string, (body: ReadableStream<Uint8Array>) => Promise<unknown>> = {
      async 'cancel of a reader'(body) {
        const reader = body.getReader();
        await reader.read();
        await reader.cancel();
      },
      async break(body) {
        for await (const _chunk of body) break;
      },
      cancel: (body) => body.cancel(),
      async tee(body) {
        const branches = body.tee();
        await Promise.all(branches.map((branch) => branch.cancel()));
      },
      pipeTo: (body) => errorOf(() => body.pipeTo(new WritableStream(), { signal: AbortSignal.abort() })) as never,
      pipeThrough: (body) => body.pipeThrough(new TransformStream()).cancel(),
    };
    for (const [name, act] of Object.entries(leave)) {
      await core.trace({});
      core.answer(pieces('text/plain', ['Bees '], 'hang'));
      await act((await send()) as never);
      await until(() => core.tracing.spans().length === 1);
      const [span] = core.tracing.spans();
      expect(span?.status.code, name).to.equal(SpanStatusCode.UNSET);
      expect(json(span!, 'mlflow.spanOutputs'), name).to.deep.include({ incomplete: true });
    }
  });

  it('fails if the connection is lost', async () => {
    core.answer(pieces('text/plain', ['Bees '], 'reset'));
    const body = await send();
    expect(await errorOf(() => body.transformToString())).to.be.instanceOf(Error);
    expect(core.tracing.spans()[0]?.status.code).to.equal(SpanStatusCode.ERROR);
  });

  it('keeps the stream as it is', async () => {
    core.answer(pieces('text/plain', ['Bees swarm.']));
    const view = async (): Promise<unknown> => {
      const body = (await send()) as unknown as ReadableStream<Uint8Array>;
      const keys = Object.keys(body);
      const reader = body.getReader();
      const readerKeys = Object.keys(reader);
      const isReader = reader instanceof ReadableStreamDefaultReader;
      const again = String(await errorOf(() => body.getReader()));
      reader.releaseLock();
      return { keys, readerKeys, isReader, again, locked: body.locked, text: await new Response(body).text() };
    };
    core.tracing.instrumentation.disable();
    const without = await view();
    core.tracing.instrumentation.enable();
    expect(await view()).to.deep.equal(without);
  });
});
