import { CountTokensCommand } from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { ANSWER, at, DIALECTS, type DialectCase, INPUT_TOKENS, OUTPUT_TOKENS, QUESTION } from './dialect-cases.js';
import { client, closeAll, failure, HTTP_VERSIONS, invoke, invokeStream, simulator, userMessage } from './support.js';

const STREAMING = DIALECTS.filter(({ hasStream }) => hasStream !== false);
const ARN = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefgh1234';

describe('scripted chats', () => {
  afterEach(closeAll);

  for (const version of HTTP_VERSIONS) {
    for (const dialect of STREAMING) {
      it(`of ${dialect.name} have the same text and usage with and without a stream over HTTP/${version}`, async () => {
        const bedrock = client((await simulator()).url, version);
        const whole = await invoke(bedrock, dialect.modelId, dialect.request(QUESTION));
        const chunks = await invokeStream(bedrock, dialect.modelId, dialect.request(QUESTION));
        expect(dialect.text(whole)).to.equal(ANSWER);
        expect(dialect.finish(whole)).to.equal(dialect.finishReasons.end);
        if (dialect.usage) expect(dialect.usage(whole)).to.deep.equal([INPUT_TOKENS, OUTPUT_TOKENS]);
        else expect(JSON.stringify(whole)).to.not.match(/"usage"|_tokens"|token_?count"/i);
        expect(chunks.map((chunk) => dialect.chunkText(chunk) ?? '').join('')).to.equal(ANSWER);
        expect(chunks.map(dialect.chunkFinish).filter(Boolean)).to.deep.equal([dialect.finishReasons.end]);
        const metrics = chunks.at(-1)?.['amazon-bedrock-invocationMetrics'];
        expect(metrics).to.include({ inputTokenCount: INPUT_TOKENS, outputTokenCount: OUTPUT_TOKENS });
      });
    }
  }

  for (const dialect of DIALECTS) {
    it(`of ${dialect.name} stop at the token limit`, async () => {
      const bedrock = client((await simulator()).url);
      const whole = await invoke(bedrock, dialect.modelId, dialect.request(QUESTION, 5));
      expect(dialect.text(whole)).to.equal('The capital of France');
      expect(dialect.finish(whole)).to.equal(dialect.finishReasons.length);
      expect(dialect.usage?.(whole)[1] ?? 5).to.equal(5);
      if (dialect.hasStream === false) return;
      const chunks = await invokeStream(bedrock, dialect.modelId, dialect.request(QUESTION, 5));
      expect(chunks.map((chunk) => dialect.chunkText(chunk) ?? '').join('')).to.equal(dialect.text(whole));
      expect(chunks.map(dialect.chunkFinish).filter(Boolean)).to.deep.equal([dialect.finishReasons.length]);
    });

    if (dialect.hasOwnShape === false) continue;
    it(`of ${dialect.name} are recognised by the body if the model id is an ARN`, async () => {
      const bedrock = client((await simulator()).url);
      expect(dialect.text(await invoke(bedrock, ARN, dialect.request(QUESTION)))).to.equal(ANSWER);
    });
  }

  it('answer the question inside a prompt template and count the template as input', async () => {
    const bedrock = client((await simulator()).url);
    const claude = await invoke(bedrock, 'anthropic.claude-v2', {
      prompt: `\n\nHuman: ${QUESTION}\n\nAssistant:`,
      max_tokens_to_sample: 100,
    });
    const mistral = await invoke(bedrock, 'mistral.mixtral-8x7b-instruct-v0:1', {
      prompt: `<s>[INST] ${QUESTION} [/INST]`,
      max_tokens: 100,
    });
    const deepSeek = await invoke(bedrock, 'deepseek.r1-v1:0', {
      prompt: `<｜begin▁of▁sentence｜><｜User｜>${QUESTION}<｜Assistant｜>`,
      max_tokens: 100,
    });
    const llama = await invoke(bedrock, 'meta.llama3-8b-instruct-v1:0', {
      prompt: `<|start_header_id|>user<|end_header_id|>${QUESTION}<|eot_id|>`,
    });
    expect(claude['completion']).to.equal(ANSWER);
    expect(at(mistral, 'outputs', 0, 'text')).to.equal(ANSWER);
    expect(at(deepSeek, 'choices', 0, 'text')).to.equal(ANSWER);
    expect(llama['generation']).to.equal(ANSWER);
    expect(llama['prompt_token_count']).to.be.greaterThan(INPUT_TOKENS);
  });

  it('of Cohere Command stream one chunk unless the body asks for pieces', async () => {
    const bedrock = client((await simulator()).url);
    const body = { prompt: QUESTION, max_tokens: 200 };
    const whole = await invoke(bedrock, 'cohere.command-light-text-v14', body);
    const [chunk, ...others] = await invokeStream(bedrock, 'cohere.command-light-text-v14', body);
    expect(others).to.deep.equal([]);
    expect(chunk).to.deep.include(whole);
    expect(at(chunk, 'amazon-bedrock-invocationMetrics', 'outputTokenCount')).to.equal(OUTPUT_TOKENS);
  });

  it('of Command R repeat the answer in the last chunk, with the billed counts and those of the template', async () => {
    const bedrock = client((await simulator()).url);
    const body = { message: QUESTION, chat_history: [{ role: 'USER', message: 'Hello' }], max_tokens: 200 };
    const whole = await invoke(bedrock, 'cohere.command-r-v1:0', body);
    const last = (await invokeStream(bedrock, 'cohere.command-r-v1:0', body)).at(-1);
    expect(last).to.include({ event_type: 'stream-end', is_finished: true, finish_reason: 'COMPLETE' });
    expect(last?.['response']).to.deep.include(whole);
    expect(whole['chat_history']).to.deep.equal([
      { role: 'USER', message: 'Hello' },
      { role: 'USER', message: QUESTION },
      { role: 'CHATBOT', message: ANSWER },
    ]);
    const billed = at(last, 'response', 'meta', 'billed_units');
    expect(billed).to.deep.equal({ input_tokens: INPUT_TOKENS + 1, output_tokens: OUTPUT_TOKENS });
    expect(at(last, 'response', 'meta', 'tokens', 'input_tokens')).to.be.greaterThan(INPUT_TOKENS + 1);
  });

  it('have no stream for models that the service does not stream', async () => {
    const bedrock = client((await simulator()).url);
    for (const [modelId, body] of [
      ['ai21.j2-mid-v1', { prompt: QUESTION, maxTokens: 5 }],
      ['cohere.embed-english-v3', { texts: ['x'], input_type: 'search_query' }],
    ] as const) {
      const error = await failure(invokeStream(bedrock, modelId, body));
      expect([error.name, error.message]).to.deep.equal([
        'ValidationException',
        'The model is unsupported for streaming.',
      ]);
    }
  });

  it('have the same input tokens in CountTokens as in Converse and InvokeModel', async () => {
    const bedrock = client((await simulator()).url);
    const converse = { converse: { messages: [userMessage(QUESTION)] } };
    for (const { modelId, request } of DIALECTS) {
      const body = new TextEncoder().encode(JSON.stringify(request(QUESTION)));
      for (const input of [converse, { invokeModel: { body } }]) {
        expect((await bedrock.send(new CountTokensCommand({ modelId, input }))).inputTokens).to.equal(INPUT_TOKENS);
      }
    }
  });

  it('send token headers with InvokeModel, and cache headers if the family has them', async () => {
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
      expect(await headersOf(dialect), dialect.name).to.deep.equal(
        dialect.hasCacheHeaders ? { ...counts, ...cache } : counts,
      );
    }
  });

  it('exist for the families that the error for an unknown model lists', async () => {
    const response = await fetch(`${(await simulator()).url}/model/acme.model-v1/invoke`, {
      method: 'POST',
      body: '{}',
    });
    expect(response.status).to.equal(400);
    expect(response.headers.get('x-amzn-errortype')).to.match(/^ValidationException:/);
    const { message } = (await response.json()) as { message: string };
    expect(message).to.match(/^The Bedrock simulator has no scripted answer for the model acme\.model-v1\. /);
    expect(message).to.match(/It answers InvokeModel for .*Amazon Nova, .*; Converse works with any model id\.$/);
  });
});
