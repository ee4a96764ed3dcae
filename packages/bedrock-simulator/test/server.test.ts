import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { startSimulator } from '../src/index.js';
import {
  chunkJson,
  client,
  closeAll,
  collect,
  failure,
  HTTP_VERSIONS,
  simulator,
  streamText,
  userMessage,
} from './support.js';

const REQUEST = { modelId: 'm', messages: [userMessage('Hello')] };
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]).toString('latin1');
const ARN = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0';

describe('the simulator', () => {
  afterEach(closeAll);

  it('serves many HTTP/1.1 and HTTP/2 requests at once on one port', async () => {
    const running = await simulator();
    const clients = HTTP_VERSIONS.map((version) => client(running.url, version));
    const texts = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const output = await clients[index % 2]?.send(
          new ConverseStreamCommand({ ...REQUEST, messages: [userMessage(`Question ${index}`)] }),
        );
        return streamText(await collect(output?.stream));
      }),
    );
    texts.forEach((text, index) => {
      expect(text).to.match(new RegExp(`^You said: "Question ${index}"`));
    });
    expect(running.requests.filter(({ httpVersion }) => httpVersion === '2.0')).to.have.length(20);
  });

  const firstBytes: readonly (readonly [string, string, (answer: Buffer) => boolean])[] = [
    [
      'HTTP/1.1',
      'POST /model/m/converse HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}',
      (bytes) => bytes.toString().startsWith('HTTP/1.1 200 OK\r\n'),
    ],
    // The connection preface and an empty SETTINGS frame (type 4). The server's first frame is SETTINGS, too.
    ['HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SETTINGS}`, (bytes) => bytes[3] === 4],
  ];
  for (const [name, text, expected] of firstBytes) {
    it(`recognises ${name} even if its bytes arrive one by one`, async () => {
      const { url } = await simulator();
      const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', noDelay: true });
      const answer = once(socket, 'data');
      for (const letter of text) {
        await new Promise((resolve) => socket.write(letter, 'latin1', resolve));
        await nextTurn();
      }
      const [bytes] = (await answer) as [Buffer];
      expect(bytes).to.satisfy(expected);
      socket.destroy();
    });
  }

  for (const version of HTTP_VERSIONS) {
    it(`records the requests that it receives over HTTP/${version}`, async () => {
      const running = await simulator();
      await client(running.url, version).send(new ConverseCommand({ ...REQUEST, modelId: ARN }));
      const [request] = running.requests;
      expect(request).to.deep.include({
        method: 'POST',
        path: '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-lite-v1%3A0/converse',
        operation: 'Converse',
        modelId: ARN,
        httpVersion: version,
        body: { messages: REQUEST.messages },
      });
      expect(request?.headers['authorization']).to.match(/^AWS4-HMAC-SHA256 /);
    });
  }

  it('reads a model id that is not percent-encoded', async () => {
    const running = await simulator();
    const response = await fetch(`${running.url}/model/${ARN}/converse`, { method: 'POST', body: '{}' });
    expect(response.status).to.equal(200);
    expect(running.requests[0]?.modelId).to.equal(ARN);
  });

  it('keeps the last 1000 requests', async () => {
    const running = await simulator();
    for (let index = 0; index < 1003; index++) await (await fetch(`${running.url}/${index}`)).arrayBuffer();
    expect(running.requests).to.have.length(1000);
    expect(running.requests[0]?.path).to.equal('/3');
  }).timeout(20_000);

  it('answers 400 to a body that is not JSON and records its bytes', async () => {
    const running = await simulator();
    const response = await fetch(`${running.url}/model/m/converse`, { method: 'POST', body: 'not json' });
    expect(response.status).to.equal(400);
    expect(await response.json()).to.deep.equal({
      message: 'Malformed input request, please reformat your input and try again.',
    });
    expect(running.requests[0]?.body).to.deep.equal(Buffer.from('not json'));
  });

  it('answers 404 to an unknown operation', async () => {
    const response = await fetch(`${(await simulator()).url}/guardrail-checks`);
    expect(response.status).to.equal(404);
    expect(response.headers.get('x-amzn-errortype')).to.equal('UnknownOperationException');
    expect(await response.json()).to.deep.equal({
      message: 'The Bedrock simulator has no operation GET /guardrail-checks.',
    });
  });

  it('describes itself to a browser', async () => {
    const response = await fetch((await simulator()).url);
    expect(await response.text()).to.equal(
      'bedrock-simulator: a local simulator of Amazon Bedrock. It is not Amazon Bedrock.\n',
    );
  });

  it('fails to start on a port in use', async () => {
    const { url } = await simulator();
    const error = await failure(startSimulator({ port: Number(new URL(url).port) }));
    expect(error).to.include({ code: 'EADDRINUSE' });
  });

  for (const version of HTTP_VERSIONS) {
    it(`ends a stream in the middle when it closes, over HTTP/${version}`, async () => {
      const running = await simulator();
      const endpoint = running.endpoint({ scenario: 'stream', parameters: { chunks: 1000, interval: 60_000 } });
      const output = await client(endpoint, version).send(new ConverseStreamCommand(REQUEST));
      const ended = collect(output.stream).catch(() => 'failed');
      await running.close();
      await ended;
    });
  }
});

describe('respond', () => {
  afterEach(closeAll);

  for (const version of HTTP_VERSIONS) {
    it(`sends a frame only when the iterable yields it, over HTTP/${version}`, async () => {
      let release = () => {};
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      async function* events() {
        yield { type: 'messageStart', payload: { role: 'assistant' } };
        yield { type: 'contentBlockDelta', payload: { contentBlockIndex: 0, delta: { text: 'first' } } };
        await gate;
        yield { type: 'contentBlockDelta', payload: { contentBlockIndex: 0, delta: { text: 'second' } } };
      }
      const running = await simulator({ respond: () => ({ events: events() }) });
      const output = await client(running.url, version).send(new ConverseStreamCommand(REQUEST));
      const texts: (string | undefined)[] = [];
      for await (const { contentBlockDelta } of output.stream ?? []) {
        if (!contentBlockDelta) continue;
        texts.push(contentBlockDelta.delta?.text);
        // The iterable yields the second frame only after this call.
        release();
      }
      expect(texts).to.deep.equal(['first', 'second']);
    });
  }

  it('leaves a request to the scenarios if it returns undefined', async () => {
    const running = await simulator({
      respond: ({ modelId }) => (modelId === 'mine' ? { status: 418, body: { message: 'teapot' } } : undefined),
    });
    const bedrock = client(running.url);
    expect((await failure(bedrock.send(new ConverseCommand({ ...REQUEST, modelId: 'mine' })))).message).to.equal(
      'teapot',
    );
    expect((await bedrock.send(new ConverseCommand(REQUEST))).stopReason).to.equal('end_turn');
  });

  it('can answer with chunks that are not JSON', async () => {
    const running = await simulator({ respond: () => ({ events: [{ type: 'chunk', payload: 'not json' }] }) });
    const response = await fetch(`${running.url}/model/m/invoke-with-response-stream`, { method: 'POST', body: '{}' });
    const frame = Buffer.from(await response.arrayBuffer()).toString('latin1');
    expect(frame).to.include(`{"bytes":"${Buffer.from('not json').toString('base64')}","p":"abc`);
    expect(() => chunkJson({ chunk: { bytes: Buffer.from('not json') } })).to.throw(SyntaxError);
  });

  it('causes an InternalServerException for the client if it throws', async () => {
    const running = await simulator({
      respond: () => {
        throw new TypeError('oops');
      },
    });
    const error = await failure(client(running.url).send(new ConverseCommand(REQUEST)));
    expect(error.name).to.equal('InternalServerException');
    expect(error.message).to.equal('The respond function of the Bedrock simulator failed: TypeError: oops');
  });

  it('breaks the stream if its iterable throws', async () => {
    async function* events() {
      yield { type: 'messageStart', payload: { role: 'assistant' } };
      throw new Error('oops');
    }
    const running = await simulator({ respond: () => ({ events: events() }) });
    const output = client(running.url).send(new ConverseStreamCommand(REQUEST));
    const error = await failure(output.then(({ stream }) => collect(stream)));
    expect(error).to.include({ code: 'ERR_HTTP2_STREAM_ERROR' });
  });
});
