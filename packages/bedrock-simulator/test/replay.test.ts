import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { type Exchange, startSimulator } from '../src/index.js';
import { agentClient, ask } from './agent-support.js';
import {
  client,
  closeAll,
  collect,
  failure,
  HTTP_VERSIONS,
  invokeStream,
  simulator,
  streamText,
  userMessage,
} from './support.js';

const MODEL = 'amazon.nova-lite-v1:0';

function textBody(text: string) {
  return {
    output: { message: { role: 'assistant', content: [{ text }] } },
    stopReason: 'end_turn',
    usage: { inputTokens: 3, outputTokens: 5, totalTokens: 8 },
    metrics: { latencyMs: 7 },
  };
}

function converse(text = 'Hello') {
  return new ConverseCommand({ modelId: MODEL, messages: [userMessage(text)] });
}

const CHAT: Exchange = { id: 'chat', operation: 'Converse', modelId: MODEL, response: { body: textBody('recorded') } };
const STREAM: Exchange = {
  id: 'stream',
  operation: 'ConverseStream',
  modelId: MODEL,
  response: { headers: { 'x-amzn-requestid': 'recorded-id' } },
  responseEvents: [
    { type: 'messageStart', payload: { role: 'assistant' } },
    { type: 'contentBlockDelta', payload: { contentBlockIndex: 0, delta: { text: 'Hi' } } },
    { type: 'throttlingException', messageType: 'exception', payload: { message: 'slow down' } },
  ],
};

describe('replay', () => {
  afterEach(closeAll);

  for (const version of HTTP_VERSIONS) {
    it(`serves the selected exchange for any request over HTTP/${version}`, async () => {
      const running = await simulator({ exchanges: [CHAT, STREAM] });
      const output = await client(running.endpoint({ exchange: 'chat' }), version).send(
        new ConverseCommand({ modelId: 'other', messages: [] }),
      );
      expect(output.output?.message?.content).to.deep.equal([{ text: 'recorded' }]);
      expect(output.usage).to.deep.equal({ inputTokens: 3, outputTokens: 5, totalTokens: 8 });
    });

    it(`encodes the events of an exchange without recorded bytes over HTTP/${version}`, async () => {
      const running = await simulator({ exchanges: [CHAT, STREAM] });
      const bedrock = client(running.endpoint({ exchange: 'stream' }), version);
      const output = await bedrock.send(new ConverseStreamCommand({ modelId: MODEL, messages: [] }));
      expect(output.$metadata.requestId).to.equal('recorded-id');
      const error = await failure(collect(output.stream));
      expect([error.name, error.message]).to.deep.equal(['ThrottlingException', 'slow down']);
    });
  }

  it('serves an error with its headers', async () => {
    const headers = {
      'x-amzn-errortype': 'ExpiredTokenException:http://internal.amazon.com/coral/',
      'content-length': '9999',
    };
    const expired: Exchange = {
      id: 'expired',
      operation: 'Converse',
      modelId: MODEL,
      response: { status: 403, headers, body: { message: 'expired' } },
    };
    const running = await simulator({ exchanges: [expired] });
    const error = await failure(client(running.endpoint({ exchange: 'expired' })).send(converse()));
    expect([error.name, error.message, error.$metadata?.httpStatusCode]).to.deep.equal([
      'ExpiredTokenException',
      'expired',
      403,
    ]);
  });

  it('wraps the chunks of InvokeModelWithResponseStream', async () => {
    const chunks = [{ generation: 'Hi' }, { generation: '', stop_reason: 'stop' }];
    const responseEvents = chunks.map((payload) => ({ type: 'chunk', payload }));
    const exchange: Exchange = {
      id: 'a b/c',
      operation: 'InvokeModelWithResponseStream',
      modelId: 'meta.llama3',
      response: {},
      responseEvents,
    };
    const running = await simulator({ exchanges: [exchange] });
    expect(await invokeStream(client(running.endpoint({ exchange: 'a b/c' })), 'meta.llama3', {})).to.deep.equal(
      chunks,
    );
  });

  it('finds an exchange by operation, model and body in any order of the members', async () => {
    const body = {
      inferenceConfig: { temperature: 0, maxTokens: 5 },
      messages: [{ content: [{ text: 'Hello' }], role: 'user' }],
    };
    const running = await simulator({ exchanges: [{ ...CHAT, request: { body } }] });
    const bedrock = client(running.url);
    const ask = async (modelId: string, temperature: number) => {
      const output = await bedrock.send(
        new ConverseCommand({
          modelId,
          messages: [userMessage('Hello')],
          inferenceConfig: { maxTokens: 5, temperature },
        }),
      );
      return output.output?.message?.content?.[0]?.text === 'recorded';
    };
    expect(await ask(MODEL, 0)).to.equal(true);
    expect(await ask(MODEL, 1)).to.equal(false);
    expect(await ask('other', 0)).to.equal(false);
  });

  it('finds the exchange of an agent by body, and by path if the exchange has one', async () => {
    const answer = (id: string, text: string, path?: string): Exchange => ({
      id,
      operation: 'InvokeAgent',
      modelId: null,
      request: { body: { inputText: text }, ...(path ? { path } : {}) },
      response: {},
      responseEvents: [{ type: 'chunk', payload: { bytes: Buffer.from(`recorded ${id}`).toString('base64') } }],
    });
    const path = '/agents/A%31/agentAliases/B1/sessions/one/text';
    const running = await simulator({ exchanges: [answer('anywhere', 'Hi'), answer('session one', 'Bye', path)] });
    const bedrock = agentClient(running.url);
    const text = async (inputText: string, sessionId: string) =>
      (await ask(bedrock, inputText, { agentId: 'A1', agentAliasId: 'B1', sessionId, enableTrace: undefined })).text;
    expect(await text('Hi', 'any')).to.equal('recorded anywhere');
    expect(await text('Bye', 'one')).to.equal('recorded session one');
    expect(await text('Bye', 'two')).to.match(/^You said: "Bye"/);
  });

  it('serves several exchanges for the same request in turn and then repeats the last one', async () => {
    const request = { body: { messages: [userMessage('Hello')] } };
    const exchanges = ['one', 'two'].map((id) => ({ ...CHAT, id, request, response: { body: textBody(id) } }));
    const bedrock = client((await simulator({ exchanges })).url);
    const texts: unknown[] = [];
    for (let index = 0; index < 3; index++)
      texts.push((await bedrock.send(converse())).output?.message?.content?.[0]?.text);
    expect(texts).to.deep.equal(['one', 'two', 'two']);
  });

  it('names a missing exchange', async () => {
    const running = await simulator();
    const message = 'The Bedrock simulator has no exchange "gone". Pass it to startSimulator({ exchanges }).';
    expect(() => running.endpoint({ exchange: 'gone' })).to.throw(RangeError, message);
    expect((await failure(client(`${running.url}/exchange/gone`).send(converse()))).message).to.equal(message);
  });

  describe('from a directory', () => {
    let directory: string;
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'exchanges-'));
    });
    afterEach(() => rm(directory, { recursive: true }));

    it('reads only the JSON files', async () => {
      await writeFile(join(directory, 'chat.json'), JSON.stringify(CHAT));
      await writeFile(join(directory, 'README.md'), '# no exchange');
      const running = await simulator({ exchanges: directory });
      const output = await client(running.endpoint({ exchange: 'chat' })).send(converse());
      expect(output.output?.message?.content).to.deep.equal([{ text: 'recorded' }]);
    });

    it('names a file that is not an exchange', async () => {
      const file = join(directory, 'odd.json');
      await writeFile(file, '{"some": "json"}');
      const error = await failure(startSimulator({ exchanges: directory }));
      expect(error.message).to.equal(
        `${file} is not a recorded exchange: it needs id, operation, modelId and response.`,
      );
    });
  });

  it('sends recorded bytes unchanged, with an incomplete frame after the complete ones', async () => {
    const running = await simulator({ exchanges: [STREAM] });
    const source = await fetch(`${running.url}/exchange/stream/model/m/converse-stream`, {
      method: 'POST',
      body: '{}',
    });
    const bytes = Buffer.from(await source.arrayBuffer());
    const broken = Buffer.concat([bytes, bytes.subarray(0, 40)]);
    const recorded = await simulator({ exchanges: [{ ...STREAM, responseBodyBase64: broken.toString('base64') }] });
    const answer = await fetch(`${recorded.url}/exchange/stream/model/m/converse-stream`, {
      method: 'POST',
      body: '{}',
    });
    expect(Buffer.from(await answer.arrayBuffer())).to.deep.equal(broken);
  });

  it('sends the frames one by one', async () => {
    const pieces = Array.from({ length: 50 }, (_, index) => `piece ${index} `);
    const responseEvents = pieces.map((text) => ({
      type: 'contentBlockDelta',
      payload: { contentBlockIndex: 0, delta: { text } },
    }));
    const running = await simulator({ exchanges: [{ ...STREAM, responseEvents }] });
    const response = await fetch(`${running.url}/exchange/stream/model/m/converse-stream`, {
      method: 'POST',
      body: '{}',
    });
    let writes = 0;
    for await (const _ of response.body ?? []) writes++;
    expect(writes).to.be.greaterThan(10);
    const output = await client(running.endpoint({ exchange: 'stream' })).send(
      new ConverseStreamCommand({ modelId: MODEL, messages: [] }),
    );
    expect(streamText(await collect(output.stream))).to.equal(pieces.join(''));
  });
});
