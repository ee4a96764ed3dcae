import { ConverseCommand, ConverseStreamCommand, CountTokensCommand } from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import {
  client,
  closeAll,
  collect,
  HTTP_VERSIONS,
  invoke,
  invokeStream,
  type Json,
  simulator,
  streamText,
  userMessage,
} from './support.js';

const QUESTION = 'What is the capital of France?';
const ANSWER = 'The capital of France is Paris. (Scripted by the local Bedrock simulator; no model ran.)';
const INPUT_TOKENS = 8;
const OUTPUT_TOKENS = 24;

interface DialectCase {
  readonly name: string;
  readonly modelId: string;
  request(text: string, maxTokens?: number): Json;
  text(body: Json): unknown;
  chunkText(chunk: Json): unknown;
  finish(body: Json): unknown;
  chunkFinish(chunk: Json): unknown;
  readonly finishReasons: { readonly end: string; readonly length: string };
  usage(body: Json): readonly unknown[];
}

/** Reads a member by path without declaring each wire type. */
function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key], value);
}

const DIALECTS: readonly DialectCase[] = [
  {
    name: 'Anthropic Messages',
    modelId: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    request: (text, maxTokens = 200) => ({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: maxTokens,
      messages: [{ role: 'user', content: text }],
    }),
    text: (body) => at(body, 'content', 0, 'text'),
    chunkText: (chunk) => at(chunk, 'delta', 'text'),
    finish: (body) => body['stop_reason'],
    chunkFinish: (chunk) => at(chunk, 'delta', 'stop_reason'),
    finishReasons: { end: 'end_turn', length: 'max_tokens' },
    usage: (body) => [at(body, 'usage', 'input_tokens'), at(body, 'usage', 'output_tokens')],
  },
  {
    name: 'Amazon Nova',
    modelId: 'amazon.nova-lite-v1:0',
    request: (text, maxTokens = 200) => ({
      schemaVersion: 'messages-v1',
      messages: [userMessage(text)],
      inferenceConfig: { max_new_tokens: maxTokens },
    }),
    text: (body) => at(body, 'output', 'message', 'content', 0, 'text'),
    chunkText: (chunk) => at(chunk, 'contentBlockDelta', 'delta', 'text'),
    finish: (body) => body['stopReason'],
    chunkFinish: (chunk) => at(chunk, 'messageStop', 'stopReason'),
    finishReasons: { end: 'end_turn', length: 'max_tokens' },
    usage: (body) => [at(body, 'usage', 'inputTokens'), at(body, 'usage', 'outputTokens')],
  },
  {
    name: 'Amazon Titan Text',
    modelId: 'amazon.titan-text-express-v1',
    request: (text, maxTokens = 200) => ({ inputText: text, textGenerationConfig: { maxTokenCount: maxTokens } }),
    text: (body) => at(body, 'results', 0, 'outputText'),
    chunkText: (chunk) => chunk['outputText'],
    finish: (body) => at(body, 'results', 0, 'completionReason'),
    chunkFinish: (chunk) => chunk['completionReason'],
    finishReasons: { end: 'FINISH', length: 'LENGTH' },
    usage: (body) => [body['inputTextTokenCount'], at(body, 'results', 0, 'tokenCount')],
  },
  {
    name: 'Meta Llama',
    modelId: 'meta.llama3-8b-instruct-v1:0',
    request: (text, maxTokens = 200) => ({ prompt: text, max_gen_len: maxTokens }),
    text: (body) => body['generation'],
    chunkText: (chunk) => chunk['generation'],
    finish: (body) => body['stop_reason'],
    chunkFinish: (chunk) => chunk['stop_reason'],
    finishReasons: { end: 'stop', length: 'length' },
    usage: (body) => [body['prompt_token_count'], body['generation_token_count']],
  },
  {
    name: 'AI21 Jamba',
    modelId: 'ai21.jamba-1-5-mini-v1:0',
    request: (text, maxTokens = 200) => ({ messages: [{ role: 'user', content: text }], max_tokens: maxTokens }),
    text: (body) => at(body, 'choices', 0, 'message', 'content'),
    chunkText: (chunk) => at(chunk, 'choices', 0, 'delta', 'content'),
    finish: (body) => at(body, 'choices', 0, 'finish_reason'),
    chunkFinish: (chunk) => at(chunk, 'choices', 0, 'finish_reason'),
    finishReasons: { end: 'stop', length: 'length' },
    usage: (body) => [at(body, 'usage', 'prompt_tokens'), at(body, 'usage', 'completion_tokens')],
  },
];

describe('scripted chats', () => {
  afterEach(closeAll);

  for (const version of HTTP_VERSIONS) {
    it(`answers Converse and ConverseStream with the same text and usage over HTTP/${version}`, async () => {
      const { url, requests } = await simulator();
      const bedrock = client(url, version);
      const request = { modelId: 'any.model-v1:0', messages: [userMessage(QUESTION)] };
      const whole = await bedrock.send(new ConverseCommand(request));
      const events = await collect((await bedrock.send(new ConverseStreamCommand(request))).stream);
      expect(whole.output?.message?.content).to.deep.equal([{ text: ANSWER }]);
      expect(whole.stopReason).to.equal('end_turn');
      expect(whole.usage).to.deep.equal({
        inputTokens: INPUT_TOKENS,
        outputTokens: OUTPUT_TOKENS,
        totalTokens: INPUT_TOKENS + OUTPUT_TOKENS,
      });
      expect(streamText(events)).to.equal(ANSWER);
      expect(events.at(-2)?.messageStop?.stopReason).to.equal('end_turn');
      expect(events.at(-1)?.metadata?.usage).to.deep.equal(whole.usage);
      expect(requests.map(({ operation, httpVersion }) => [operation, httpVersion])).to.deep.equal([
        ['Converse', version],
        ['ConverseStream', version],
      ]);
    });

    for (const dialect of DIALECTS) {
      it(`answers ${dialect.name} whole and streamed with the same text and usage over HTTP/${version}`, async () => {
        const bedrock = client((await simulator()).url, version);
        const whole = await invoke(bedrock, dialect.modelId, dialect.request(QUESTION));
        const chunks = await invokeStream(bedrock, dialect.modelId, dialect.request(QUESTION));
        expect(dialect.text(whole)).to.equal(ANSWER);
        expect(dialect.finish(whole)).to.equal(dialect.finishReasons.end);
        expect(dialect.usage(whole)).to.deep.equal([INPUT_TOKENS, OUTPUT_TOKENS]);
        expect(chunks.map((chunk) => dialect.chunkText(chunk) ?? '').join('')).to.equal(ANSWER);
        expect(chunks.map(dialect.chunkFinish).filter(Boolean)).to.deep.equal([dialect.finishReasons.end]);
        const metrics = chunks.at(-1)?.['amazon-bedrock-invocationMetrics'];
        expect(metrics).to.include({ inputTokenCount: INPUT_TOKENS, outputTokenCount: OUTPUT_TOKENS });
      });
    }
  }

  for (const dialect of DIALECTS) {
    it(`stops ${dialect.name} at the token limit`, async () => {
      const bedrock = client((await simulator()).url);
      const whole = await invoke(bedrock, dialect.modelId, dialect.request(QUESTION, 5));
      const chunks = await invokeStream(bedrock, dialect.modelId, dialect.request(QUESTION, 5));
      expect(dialect.text(whole)).to.equal('The capital of France');
      expect(dialect.finish(whole)).to.equal(dialect.finishReasons.length);
      expect(dialect.usage(whole)[1]).to.equal(5);
      expect(chunks.map((chunk) => dialect.chunkText(chunk) ?? '').join('')).to.equal(dialect.text(whole));
      expect(chunks.map(dialect.chunkFinish).filter(Boolean)).to.deep.equal([dialect.finishReasons.length]);
    });

    it(`finds ${dialect.name} by the body when the model id is an ARN`, async () => {
      const bedrock = client((await simulator()).url);
      const arn = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefgh1234';
      expect(dialect.text(await invoke(bedrock, arn, dialect.request(QUESTION)))).to.equal(ANSWER);
    });
  }

  it('stops Converse at the token limit', async () => {
    const bedrock = client((await simulator()).url);
    const output = await bedrock.send(
      new ConverseCommand({ modelId: 'm', messages: [userMessage(QUESTION)], inferenceConfig: { maxTokens: 3 } }),
    );
    expect(output.stopReason).to.equal('max_tokens');
    expect(output.usage?.outputTokens).to.equal(3);
  });

  it('quotes a question it has no answer for', async () => {
    const bedrock = client((await simulator()).url);
    const output = await bedrock.send(
      new ConverseCommand({ modelId: 'm', messages: [userMessage('Why is the sky blue?')] }),
    );
    expect(output.output?.message?.content?.[0]?.text).to.match(/^You said: "Why is the sky blue\?"\./);
  });

  it('counts more tokens for a longer request', async () => {
    const bedrock = client((await simulator()).url);
    const ask = async (text: string) =>
      (await bedrock.send(new ConverseCommand({ modelId: 'm', messages: [userMessage(text)] }))).usage?.inputTokens;
    expect(await ask('one two three')).to.equal(3);
    expect(await ask('one two three four')).to.equal(4);
  });

  it('counts tokens for CountTokens as Converse and InvokeModel count them', async () => {
    const bedrock = client((await simulator()).url);
    const converse = { converse: { messages: [userMessage(QUESTION)] } };
    const body = new TextEncoder().encode(JSON.stringify(DIALECTS[0]?.request(QUESTION)));
    for (const input of [converse, { invokeModel: { body } }]) {
      const modelId = 'anthropic.claude-3-haiku-20240307-v1:0';
      expect((await bedrock.send(new CountTokensCommand({ modelId, input }))).inputTokens).to.equal(INPUT_TOKENS);
    }
  });

  it('embeds a text as a vector of length 1 that depends on the text alone', async () => {
    const bedrock = client((await simulator()).url);
    const embed = (inputText: string) =>
      invoke(bedrock, 'amazon.titan-embed-text-v2:0', { inputText, dimensions: 256, normalize: true });
    const [first, again, other] = [await embed('Hello, world!'), await embed('Hello, world!'), await embed('Bye')];
    expect(first['inputTextTokenCount']).to.equal(4);
    expect(first['embedding'])
      .to.have.length(256)
      .and.deep.equal(again['embedding'])
      .and.not.deep.equal(other['embedding']);
    expect(Math.hypot(...(first['embedding'] as number[]))).to.be.closeTo(1, 1e-9);
  });

  it('sends the token headers of InvokeModel, with cache headers where the family has them', async () => {
    const { url } = await simulator();
    const headersOf = async ({ modelId, request }: DialectCase) => {
      const response = await fetch(`${url}/model/${encodeURIComponent(modelId)}/invoke`, {
        method: 'POST',
        body: JSON.stringify(request(QUESTION)),
      });
      await response.arrayBuffer();
      return Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('x-amzn-bedrock')));
    };
    const counts = {
      'x-amzn-bedrock-input-token-count': '8',
      'x-amzn-bedrock-output-token-count': '24',
      'x-amzn-bedrock-invocation-latency': '140',
    };
    const cache = {
      'x-amzn-bedrock-cache-read-input-token-count': '0',
      'x-amzn-bedrock-cache-write-input-token-count': '0',
    };
    for (const dialect of DIALECTS) {
      const withCache = ['Anthropic Messages', 'Amazon Nova'].includes(dialect.name);
      expect(await headersOf(dialect), dialect.name).to.deep.equal(withCache ? { ...counts, ...cache } : counts);
    }
  });

  it('says which families it can answer when InvokeModel asks for another', async () => {
    const response = await fetch(`${(await simulator()).url}/model/acme.model-v1/invoke`, {
      method: 'POST',
      body: '{}',
    });
    expect(response.status).to.equal(400);
    expect(response.headers.get('x-amzn-errortype')).to.match(/^ValidationException:/);
    expect(await response.json()).to.deep.equal({
      message:
        'The Bedrock simulator has no scripted answer for the model acme.model-v1. It answers InvokeModel for Anthropic Messages, Amazon Nova, Amazon Titan Text and Embeddings, Meta Llama, AI21 Jamba; Converse works with any model id.',
    });
  });
});

describe('prompt caching', () => {
  afterEach(closeAll);
  const LONG = 'word '.repeat(50).trim();

  it('writes a prefix on the first Converse call and reads it on the next', async () => {
    const bedrock = client((await simulator()).url);
    const usage = async (text: string) => {
      const system = [{ text: LONG }, { cachePoint: { type: 'default' as const } }];
      return (await bedrock.send(new ConverseCommand({ modelId: 'm', system, messages: [userMessage(text)] }))).usage;
    };
    expect(await usage('one two')).to.deep.include({
      inputTokens: 2,
      cacheReadInputTokens: 0,
      cacheWriteInputTokens: 50,
    });
    const second = await usage('three');
    expect(second).to.deep.include({ inputTokens: 1, cacheReadInputTokens: 50, cacheWriteInputTokens: 0 });
    expect(second?.totalTokens).to.equal(51 + (second?.outputTokens ?? 0));
  });

  it('writes what a later cache point adds to a known prefix', async () => {
    const bedrock = client((await simulator()).url);
    const cachePoint = { cachePoint: { type: 'default' as const } };
    const system = [{ text: LONG }, cachePoint];
    await bedrock.send(new ConverseCommand({ modelId: 'm', system, messages: [userMessage('one')] }));
    const content = [{ text: 'one two three' }, cachePoint, { text: 'four' }];
    const output = await bedrock.send(
      new ConverseCommand({ modelId: 'm', system, messages: [{ role: 'user', content }] }),
    );
    expect(output.usage).to.deep.include({ inputTokens: 1, cacheReadInputTokens: 50, cacheWriteInputTokens: 3 });
  });

  it('reports caching in the words of Anthropic Messages', async () => {
    const bedrock = client((await simulator()).url);
    const body = {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 100,
      system: [{ type: 'text', text: LONG, cache_control: { type: 'ephemeral' } }],
      messages: [{ role: 'user', content: 'one' }],
    };
    const modelId = 'anthropic.claude-3-7-sonnet-20250219-v1:0';
    const first = await invoke(bedrock, modelId, body);
    const chunks = await invokeStream(bedrock, modelId, body);
    expect(first['usage']).to.include({ input_tokens: 1, cache_creation_input_tokens: 50, cache_read_input_tokens: 0 });
    expect(at(chunks[0], 'message', 'usage')).to.include({
      input_tokens: 1,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 50,
      output_tokens: 1,
    });
    expect(at(chunks.at(-1), 'amazon-bedrock-invocationMetrics')).to.include({
      cacheReadInputTokenCount: 50,
      cacheWriteInputTokenCount: 0,
    });
  });

  it('reports caching in the words of Nova, with a cache point in the block of its text', async () => {
    const bedrock = client((await simulator()).url);
    const body = {
      messages: [{ role: 'user', content: [{ text: LONG, cachePoint: { type: 'default' } }, { text: 'one' }] }],
    };
    await invoke(bedrock, 'amazon.nova-lite-v1:0', body);
    const second = await invoke(bedrock, 'amazon.nova-lite-v1:0', body);
    expect(second['usage']).to.include({ inputTokens: 1, cacheReadInputTokenCount: 50, cacheWriteInputTokenCount: 0 });
  });
});
