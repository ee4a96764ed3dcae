/** Long embedding vectors are left out of what is recorded. Their number of dimensions and the token counts stay. */

import { type BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type { BedrockInstrumentationConfig } from '../../src/index.js';
import { createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const TITAN = 'amazon.titan-embed-text-v2:0';
const COHERE = 'cohere.embed-v4:0';
const NOVA = 'amazon.nova-2-multimodal-embeddings-v1:0';
const UNKNOWN = 'arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc123';
const TITAN_REQUEST = { inputText: 'The tide turns.' };

describe('embedding vectors', () => {
  let simulator: Simulator;
  let body: unknown;
  let client: BedrockRuntimeClient;
  let tracing: Tracing | undefined;

  before(async () => {
    simulator = await startSimulator({
      respond: () => ({ headers: { 'x-amzn-bedrock-input-token-count': '5' }, body }),
    });
    client = createClient(simulator.url);
  });
  after(async () => {
    client.destroy();
    await simulator.close();
  });
  afterEach(() => tracing?.close());

  async function embed(
    modelId: string,
    request: unknown,
    answer: unknown,
    config: BedrockInstrumentationConfig = {},
  ): Promise<ReadableSpan> {
    body = answer;
    tracing = startTracing({ config });
    const output = await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(request) }));
    const received = Buffer.from(output.body).toString();
    expect(typeof answer === 'string' ? received : JSON.parse(received), 'as received').to.deep.equal(answer);
    const [span] = tracing.spans();
    await tracing.close();
    return span!;
  }

  function recorded(span: ReadableSpan): unknown {
    return (json(span, 'mlflow.spanOutputs') as { body: unknown }).body;
  }

  it('longer than 64 numbers become a note, in the format of Titan', async () => {
    const span = await embed(TITAN, TITAN_REQUEST, {
      embedding: vector(65),
      embeddingsByType: { float: vector(65), binary: vector(64) },
      inputTextTokenCount: 5,
    });
    expect(recorded(span)).to.deep.equal({
      embedding: '[embedding of 65 numbers not recorded]',
      embeddingsByType: { float: '[embedding of 65 numbers not recorded]', binary: vector(64) },
      inputTextTokenCount: 5,
    });
    expect(span.attributes).to.include({
      'gen_ai.embeddings.dimension.count': 65,
      'gen_ai.usage.input_tokens': 5,
      'mlflow.spanType': 'EMBEDDING',
    });
  });

  it('become a note each, in the formats of Cohere', async () => {
    const request = { texts: ['a', 'b'], input_type: 'search_document' };
    const rest = { id: 'e1', texts: ['a', 'b'.repeat(5000)] };
    const listed = await embed(COHERE, request, {
      ...rest,
      response_type: 'embeddings_floats',
      embeddings: [vector(256), vector(2)],
    });
    expect(recorded(listed)).to.deep.include({
      ...rest,
      embeddings: ['[embedding of 256 numbers not recorded]', vector(2)],
    });
    expect(listed.attributes).to.include({ 'gen_ai.embeddings.dimension.count': 256 });
    const base64 = Buffer.from(new Float32Array(vector(256)).buffer).toString('base64');
    const short = Buffer.from(new Float32Array(vector(64)).buffer).toString('base64');
    const typed = await embed(COHERE, request, {
      ...rest,
      response_type: 'embeddings_by_type',
      embeddings: { float: [vector(256)], int8: [vector(256)], ubinary: [vector(32)], base64: [base64, short] },
    });
    expect(recorded(typed)).to.deep.include({
      ...rest,
      embeddings: {
        float: ['[embedding of 256 numbers not recorded]'],
        int8: ['[embedding of 256 numbers not recorded]'],
        ubinary: [vector(32)],
        base64: ['[embedding of 1024 bytes not recorded]', short],
      },
    });
    expect(typed.attributes).to.include({ 'gen_ai.embeddings.dimension.count': 256 });
  });

  it('become a note in the formats of Nova and TwelveLabs, and in formats of models that the ARN hides', async () => {
    const request = { singleEmbeddingParams: { text: { value: 'Tide' }, embeddingDimension: 256 } };
    const nova = await embed(NOVA, request, { embeddings: [{ embeddingType: 'TEXT', embedding: vector(256) }] });
    expect(recorded(nova)).to.deep.equal({
      embeddings: [{ embeddingType: 'TEXT', embedding: '[embedding of 256 numbers not recorded]' }],
    });
    const marengo = await embed(
      'us.twelvelabs.marengo-embed-3-0-v1:0',
      { inputType: 'text', text: { inputText: 'Tide' } },
      { data: [{ embedding: vector(512), embeddingOption: 'visual' }] },
    );
    expect(recorded(marengo)).to.deep.equal({
      data: [{ embedding: '[embedding of 512 numbers not recorded]', embeddingOption: 'visual' }],
    });
    const hidden = await embed(UNKNOWN, TITAN_REQUEST, { embedding: vector(256) });
    expect(recorded(hidden)).to.deep.equal({ embedding: '[embedding of 256 numbers not recorded]' });
    const unknown = await embed(UNKNOWN, { input: 'Tide' }, { embeddings: [vector(256)], model: 'own' });
    expect(recorded(unknown)).to.deep.equal({ embeddings: ['[embedding of 256 numbers not recorded]'], model: 'own' });
  });

  it('have their number of dimensions on the span, whatever the type of their numbers', async () => {
    const request = { texts: ['a'], input_type: 'search_document' };
    const answers = [
      { response_type: 'embeddings_by_type', embeddings: { int8: [vector(256)] } },
      { response_type: 'embeddings_by_type', embeddings: { ubinary: [vector(32)], uint8: [vector(256)] } },
    ];
    for (const answer of answers) {
      const { attributes } = await embed(COHERE, request, answer);
      expect(attributes['gen_ai.embeddings.dimension.count']).to.equal(256);
    }
    const titan = await embed(TITAN, TITAN_REQUEST, { embeddingsByType: { float: vector(256) } });
    expect(titan.attributes['gen_ai.embeddings.dimension.count']).to.equal(256);
    const packed = await embed(COHERE, request, {
      response_type: 'embeddings_by_type',
      embeddings: { ubinary: [vector(32)] },
    });
    expect(packed.attributes).not.to.have.property('gen_ai.embeddings.dimension.count');
  });

  it('are recorded up to the length that the application sets', async () => {
    const answer = { embedding: vector(256) };
    const short = { embedding: vector(1) };
    expect(recorded(await embed(TITAN, TITAN_REQUEST, answer, { maxEmbeddingLength: 256 }))).to.deep.equal(answer);
    expect(recorded(await embed(TITAN, TITAN_REQUEST, answer, { maxEmbeddingLength: Infinity }))).to.deep.equal(answer);
    expect(recorded(await embed(TITAN, TITAN_REQUEST, short, { maxEmbeddingLength: 0 }))).to.deep.equal({
      embedding: '[embedding of 1 number not recorded]',
    });
  });

  it('become a note, too, if their numbers have more digits than a JavaScript number holds', async () => {
    const digits = '0.12345678901234567891';
    const long = `{"embedding":[${Array(65).fill(digits).join()}]}`;
    const span = await embed(TITAN, TITAN_REQUEST, long);
    expect(recorded(span)).to.deep.equal({ embedding: '[embedding of 65 numbers not recorded]' });
    const short = await embed(TITAN, TITAN_REQUEST, `{"embedding":[${digits}]}`);
    expect(short.attributes['mlflow.spanOutputs']).to.include(`[${digits}]`);
  });

  it('are left out before the content hook sees the answer, and its copy is made', async () => {
    const seen: unknown[] = [];
    await embed(
      TITAN,
      TITAN_REQUEST,
      { embedding: vector(256) },
      {
        contentHook: ({ kind, value }) => {
          if (kind === 'response') seen.push((value as { body: unknown }).body);
          return value;
        },
      },
    );
    expect(seen).to.deep.equal([{ embedding: '[embedding of 256 numbers not recorded]' }]);
  });

  it('are no part of answers without embeddings, so lists of numbers there stay', async () => {
    const answer = { generation: 'Six.', stop_reason: 'stop', tokens: vector(256) };
    const span = await embed('meta.llama3-8b-instruct-v1:0', { prompt: 'When?' }, answer);
    expect(recorded(span)).to.deep.equal(answer);
  });

  it('with odd items are recorded as they are', async () => {
    const answer = { embedding: [], embeddings: [null, ['a'], [[]], {}], embeddingsByType: { float: 5 } };
    expect(recorded(await embed(TITAN, TITAN_REQUEST, answer))).to.deep.equal(answer);
  });
});

function vector(length: number): number[] {
  return Array.from({ length }, (_, index) => index / 8);
}
