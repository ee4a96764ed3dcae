import { expect } from 'chai';
import { client, closeAll, invoke, type Json, simulator } from './support.js';

/** Returns the headers of the simulator's answer to InvokeModel. */
async function bedrockHeaders(url: string, modelId: string, body: Json): Promise<Record<string, string>> {
  const path = `/model/${encodeURIComponent(modelId)}/invoke`;
  const response = await fetch(url + path, { method: 'POST', body: JSON.stringify(body) });
  await response.arrayBuffer();
  return Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('x-amzn-bedrock')));
}

const COHERE = { texts: ['Hello, world!', 'Bye'], input_type: 'search_document' };
const NOVA = { taskType: 'SINGLE_EMBEDDING', singleEmbeddingParams: { text: { value: 'Hello, world!' } } };
const RERANK = {
  query: 'What is the capital of France?',
  documents: ['Cheese is made of milk.', 'The capital of France is Paris.', 'The capital of a country.'],
  api_version: 2,
};

describe('embeddings', () => {
  afterEach(closeAll);

  it('are vectors of length 1 that depend only on the text', async () => {
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

  it('are nearer to each other for texts with more common words', async () => {
    const bedrock = client((await simulator()).url);
    const embed = async (inputText: string) =>
      (await invoke(bedrock, 'amazon.titan-embed-text-v2:0', { inputText }))['embedding'] as number[];
    const question = await embed('How long does a refund take?');
    const nearness = async (text: string) => {
      const other = await embed(text);
      return question.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
    };
    const [same, near, far] = [
      await nearness('How long does a refund take?'),
      await nearness('Refunds take five days.'),
      await nearness('How is the weather?'),
    ];
    expect(same).to.be.closeTo(1, 1e-9);
    expect(near).to.be.within(0.3, 0.9);
    expect(far).to.be.lessThan(0.2);
  });

  it('are a list in Cohere 3, but lists by type in Cohere 4 or if the request has types', async () => {
    const bedrock = client((await simulator()).url);
    const list = await invoke(bedrock, 'cohere.embed-english-v3', COHERE);
    expect(list['response_type']).to.equal('embeddings_floats');
    expect(list['texts']).to.deep.equal(['hello, world!', 'bye']);
    const vectors = list['embeddings'] as number[][];
    expect(vectors.map(({ length }) => length)).to.deep.equal([1024, 1024]);
    const embedding_types = ['float', 'int8', 'uint8', 'binary', 'ubinary'];
    const byType = await invoke(bedrock, 'cohere.embed-english-v3', { ...COHERE, embedding_types });
    const embeddings = byType['embeddings'] as Record<string, number[][]>;
    expect(byType['response_type']).to.equal('embeddings_by_type');
    expect(embeddings['float']).to.deep.equal(vectors);
    expect(embedding_types.map((type) => embeddings[type]?.[1]?.length)).to.deep.equal([1024, 1024, 1024, 128, 128]);
    expect(embeddings['ubinary']?.[0]?.every((byte) => byte >= 0 && byte < 256)).to.equal(true);
    const version4 = await invoke(bedrock, 'us.cohere.embed-v4:0', { ...COHERE, output_dimension: 256 });
    expect(version4['texts']).to.deep.equal(COHERE.texts);
    expect((version4['embeddings'] as Record<string, number[][]>)['float']?.[0]).to.have.length(256);
  });

  it('mix texts and images in Cohere 4', async () => {
    const bedrock = client((await simulator()).url);
    const content = [
      { type: 'text', text: 'Hello' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
    ];
    const body = { inputs: [{ content }], input_type: 'search_document' };
    const { embeddings } = await invoke(bedrock, 'cohere.embed-v4:0', body);
    expect((embeddings as Record<string, number[][]>)['float']?.[0]).to.have.length(1536);
  });

  it('have the requested length in Nova', async () => {
    const bedrock = client((await simulator()).url);
    const modelId = 'amazon.nova-2-multimodal-embeddings-v1:0';
    const { embeddings } = await invoke(bedrock, modelId, NOVA);
    const [first] = embeddings as { embedding: number[]; embeddingType: string }[];
    expect(first?.embeddingType).to.equal('TEXT');
    expect(first?.embedding).to.have.length(3072);
    const singleEmbeddingParams = { embeddingDimension: 384, image: { format: 'png', source: { bytes: 'AA==' } } };
    const image = await invoke(bedrock, modelId, { ...NOVA, singleEmbeddingParams });
    expect(image['embeddings']).to.have.nested.property('0.embedding').with.length(384);
    expect(image['embeddings']).to.have.nested.property('0.embeddingType', 'IMAGE');
  });

  it('are in the data of Marengo, for the input forms of both versions', async () => {
    const bedrock = client((await simulator()).url);
    const embed = async (version: string, body: Json): Promise<number[] | undefined> => {
      const { data } = await invoke(bedrock, `twelvelabs.marengo-embed-${version}-v1:0`, body);
      return (data as { embedding: number[] }[])[0]?.embedding;
    };
    const current = await embed('3-0', { inputType: 'text', text: { inputText: 'Hello, world!' } });
    const older = await embed('2-7', { inputType: 'text', inputText: 'Hello, world!' });
    expect([current?.length, older?.length]).to.deep.equal([512, 1024]);
    const image = { mediaSource: { base64String: 'AA==' } };
    expect(await embed('3-0', { inputType: 'image', image })).to.not.deep.equal(current);
  });

  it('have the input tokens only in a header', async () => {
    const { url } = await simulator();
    const latency = { 'x-amzn-bedrock-invocation-latency': '20' };
    expect(await bedrockHeaders(url, 'cohere.embed-english-v3', COHERE)).to.deep.equal({
      'x-amzn-bedrock-input-token-count': '5',
      ...latency,
    });
    expect(await bedrockHeaders(url, 'amazon.nova-2-multimodal-embeddings-v1:0', NOVA)).to.deep.equal({
      'x-amzn-bedrock-input-token-count': '4',
      ...latency,
    });
    expect(await bedrockHeaders(url, 'cohere.rerank-v3-5:0', RERANK)).to.deep.equal(latency);
  });
});

describe('reranking', () => {
  afterEach(closeAll);

  it('sorts documents by the words that they share with the query', async () => {
    const bedrock = client((await simulator()).url);
    for (const modelId of ['cohere.rerank-v3-5:0', 'amazon.rerank-v1:0']) {
      const results = (await invoke(bedrock, modelId, RERANK))['results'] as {
        index: number;
        relevance_score: number;
      }[];
      expect(results.map(({ index }) => index)).to.deep.equal([1, 2, 0]);
      expect(results.every(({ relevance_score: score }) => score > 0 && score < 1)).to.equal(true);
      expect((await invoke(bedrock, modelId, { ...RERANK, top_n: 2 }))['results']).to.deep.equal(results.slice(0, 2));
    }
  });
});

describe('image models', () => {
  afterEach(closeAll);

  function expectPng(image: unknown): void {
    const bytes = Buffer.from(String(image), 'base64');
    expect(bytes.subarray(1, 4).toString()).to.equal('PNG');
    expect(bytes.toString('latin1')).to.include('Scripted by the local Bedrock simulator');
  }

  it('return the requested number of different images with Titan Image and Nova Canvas, the same for the same request', async () => {
    const bedrock = client((await simulator()).url);
    const body = {
      taskType: 'TEXT_IMAGE',
      textToImageParams: { text: 'A cat' },
      imageGenerationConfig: { numberOfImages: 2 },
    };
    for (const modelId of ['amazon.titan-image-generator-v2:0', 'amazon.nova-canvas-v1:0']) {
      const { images } = await invoke(bedrock, modelId, body);
      expect(new Set(images as string[]).size).to.equal(2);
      (images as string[]).forEach(expectPng);
      expect((await invoke(bedrock, modelId, body))['images']).to.deep.equal(images);
    }
  });

  it('return images in the formats of both Stability generations', async () => {
    const bedrock = client((await simulator()).url);
    const core = await invoke(bedrock, 'stability.stable-image-core-v1:1', { prompt: 'A cat', seed: 7 });
    expect(core).to.deep.include({ seeds: [7], finish_reasons: [null] });
    expectPng((core['images'] as string[])[0]);
    const body = { text_prompts: [{ text: 'A cat' }], samples: 2 };
    const artifacts = (await invoke(bedrock, 'stability.stable-diffusion-xl-v1', body))['artifacts'] as Json[];
    expect(artifacts.map((artifact) => artifact['finishReason'])).to.deep.equal(['SUCCESS', 'SUCCESS']);
    for (const artifact of artifacts) expectPng(artifact['base64']);
  });
});
