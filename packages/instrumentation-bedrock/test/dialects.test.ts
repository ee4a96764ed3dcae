/** Every dialect against the simulator's own scenarios, with and without streaming; needs no recordings. */

import {
  type BedrockRuntimeClient,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { DIALECTS } from '../src/dialects/index.js';
import { collect, createClient, json, startTracing, type Tracing } from './support/tracing.js';

const QUESTION = 'What is the capital of France?';
const TOOL_SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

interface Case {
  readonly modelId: string;
  /** Other models that speak the dialect, in their own way. */
  readonly otherModels?: readonly string[];
  readonly operation: 'chat' | 'text_completion';
  readonly messageFormat?: string;
  readonly body: Record<string, unknown>;
  readonly parameters: Record<string, unknown>;
  /** Offers the weather tool and asks for it, where the dialect has tools. */
  readonly withTool?: Record<string, unknown>;
  readonly hasStream?: false;
}

const CASES: Readonly<Record<string, Case>> = {
  'anthropic-messages': {
    modelId: 'anthropic.claude-3-haiku-20240307-v1:0',
    operation: 'chat',
    messageFormat: 'anthropic',
    body: {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 200,
      temperature: 0.1,
      top_p: 0.8,
      top_k: 5,
      stop_sequences: ['END'],
      messages: [{ role: 'user', content: QUESTION }],
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.stop_sequences': ['END'],
    },
    withTool: {
      messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
      tools: [{ name: 'get_weather', description: 'Weather', input_schema: TOOL_SCHEMA }],
    },
  },
  nova: {
    modelId: 'us.amazon.nova-lite-v1:0',
    operation: 'chat',
    messageFormat: 'bedrock',
    body: {
      schemaVersion: 'messages-v1',
      messages: [{ role: 'user', content: [{ text: QUESTION }] }],
      inferenceConfig: { max_new_tokens: 200, temperature: 0.1, top_p: 0.8, topK: 5, stopSequences: ['END'] },
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.stop_sequences': ['END'],
    },
    withTool: {
      messages: [{ role: 'user', content: [{ text: 'What is the weather in Paris?' }] }],
      toolConfig: {
        tools: [{ toolSpec: { name: 'get_weather', description: 'Weather', inputSchema: { json: TOOL_SCHEMA } } }],
      },
    },
  },
  'titan-text': {
    modelId: 'amazon.titan-text-express-v1',
    operation: 'text_completion',
    body: {
      inputText: QUESTION,
      textGenerationConfig: { maxTokenCount: 200, temperature: 0.1, topP: 0.8, stopSequences: ['END'] },
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  llama: {
    modelId: 'meta.llama3-8b-instruct-v1:0',
    operation: 'text_completion',
    body: { prompt: QUESTION, max_gen_len: 200, temperature: 0.1, top_p: 0.8 },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
    },
  },
  'openai-chat': {
    modelId: 'ai21.jamba-1-5-mini-v1:0',
    otherModels: [
      'openai.gpt-oss-20b-1:0',
      'qwen.qwen3-32b-v1:0',
      'us.writer.palmyra-x5-v1:0',
      'us.mistral.pixtral-large-2502-v1:0',
    ],
    operation: 'chat',
    messageFormat: 'openai',
    body: {
      messages: [{ role: 'user', content: QUESTION }],
      max_tokens: 200,
      temperature: 0.1,
      top_p: 0.8,
      stop: ['END'],
      n: 1,
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.stop_sequences': ['END'],
    },
    withTool: {
      messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
      tools: [{ type: 'function', function: { name: 'get_weather', description: 'Weather', parameters: TOOL_SCHEMA } }],
    },
  },
  'anthropic-text': {
    modelId: 'anthropic.claude-v2:1',
    operation: 'text_completion',
    body: {
      prompt: QUESTION,
      max_tokens_to_sample: 200,
      temperature: 0.1,
      top_p: 0.8,
      top_k: 5,
      stop_sequences: ['END'],
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  'mistral-text': {
    modelId: 'mistral.mistral-7b-instruct-v0:2',
    operation: 'text_completion',
    body: { prompt: QUESTION, max_tokens: 200, temperature: 0.1, top_p: 0.8, top_k: 5, stop: ['END'] },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  'openai-completions': {
    modelId: 'arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefgh1234',
    otherModels: ['us.deepseek.r1-v1:0'],
    operation: 'text_completion',
    body: { prompt: QUESTION, max_tokens: 200, temperature: 0.1, top_p: 0.8, stop: ['END'] },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  'cohere-command': {
    modelId: 'cohere.command-text-v14',
    operation: 'text_completion',
    body: {
      prompt: QUESTION,
      max_tokens: 200,
      temperature: 0.1,
      p: 0.8,
      k: 5,
      stop_sequences: ['END'],
      stream: true,
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  'cohere-command-r': {
    modelId: 'cohere.command-r-plus-v1:0',
    operation: 'chat',
    body: {
      message: QUESTION,
      max_tokens: 200,
      temperature: 0.1,
      p: 0.8,
      k: 5,
      seed: 7,
      frequency_penalty: 0.3,
      presence_penalty: 0.4,
      stop_sequences: ['END'],
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.seed': 7,
      'gen_ai.request.frequency_penalty': 0.3,
      'gen_ai.request.presence_penalty': 0.4,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  'ai21-j2': {
    modelId: 'ai21.j2-mid-v1',
    operation: 'text_completion',
    hasStream: false,
    body: {
      prompt: QUESTION,
      maxTokens: 200,
      temperature: 0.1,
      topP: 0.8,
      frequencyPenalty: { scale: 0.3 },
      presencePenalty: { scale: 0.4 },
      stopSequences: ['END'],
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.frequency_penalty': 0.3,
      'gen_ai.request.presence_penalty': 0.4,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
};

/** A model that answers without text; what its span must have besides the name. */
interface PlainCase {
  readonly modelId: string;
  readonly operation: 'embeddings' | 'generate_content' | 'rerank';
  readonly spanType: string;
  readonly body: Record<string, unknown>;
  readonly attributes: Record<string, unknown>;
  /** Parts of the input message; one text by default. */
  readonly inputParts?: readonly unknown[];
  /** Tokens of the input, where the service counts them. */
  readonly inputTokens?: number;
  /** Images in the answer. */
  readonly images?: number;
  /** A body that any family with a prompt may send. */
  readonly hasOwnShape?: false;
}

const COHERE_EMBED: PlainCase = {
  modelId: 'cohere.embed-english-v3',
  operation: 'embeddings',
  spanType: 'EMBEDDING',
  body: { texts: [QUESTION], input_type: 'search_query' },
  attributes: { 'gen_ai.embeddings.dimension.count': 1024 },
  inputTokens: 8,
};

const PLAIN_CASES: Readonly<Record<string, readonly PlainCase[]>> = {
  'titan-embed': [
    {
      modelId: 'amazon.titan-embed-text-v2:0',
      operation: 'embeddings',
      spanType: 'EMBEDDING',
      body: { inputText: QUESTION, dimensions: 256 },
      attributes: { 'gen_ai.embeddings.dimension.count': 256 },
      inputTokens: 8,
    },
  ],
  'cohere-embed': [
    COHERE_EMBED,
    {
      ...COHERE_EMBED,
      body: { ...COHERE_EMBED.body, embedding_types: ['float', 'binary'] },
      attributes: { ...COHERE_EMBED.attributes, 'gen_ai.request.encoding_formats': ['float', 'binary'] },
    },
    {
      ...COHERE_EMBED,
      modelId: 'us.cohere.embed-v4:0',
      body: { ...COHERE_EMBED.body, output_dimension: 256 },
      attributes: { 'gen_ai.embeddings.dimension.count': 256 },
    },
  ],
  'nova-embed': [
    {
      modelId: 'amazon.nova-2-multimodal-embeddings-v1:0',
      operation: 'embeddings',
      spanType: 'EMBEDDING',
      body: {
        taskType: 'SINGLE_EMBEDDING',
        singleEmbeddingParams: {
          embeddingPurpose: 'GENERIC_INDEX',
          embeddingDimension: 384,
          text: { value: QUESTION },
        },
      },
      attributes: { 'gen_ai.embeddings.dimension.count': 384 },
      inputTokens: 8,
    },
  ],
  'cohere-rerank': ['cohere.rerank-v3-5:0', 'amazon.rerank-v1:0'].map((modelId) => ({
    modelId,
    operation: 'rerank',
    spanType: 'RERANKER',
    body: { query: QUESTION, documents: ['Paris', 'Rome'], top_n: 1, api_version: 2 },
    attributes: {},
    inputParts: [
      { type: 'text', content: QUESTION },
      { type: 'document', document: 'Paris' },
      { type: 'document', document: 'Rome' },
    ],
  })),
  images: [
    ...['amazon.titan-image-generator-v2:0', 'amazon.nova-canvas-v1:0'].map((modelId) => ({
      modelId,
      operation: 'generate_content' as const,
      spanType: 'LLM',
      body: {
        taskType: 'TEXT_IMAGE',
        textToImageParams: { text: QUESTION },
        imageGenerationConfig: { numberOfImages: 2, seed: 7 },
      },
      attributes: { 'gen_ai.request.seed': 7, 'gen_ai.request.choice.count': 2, 'gen_ai.output.type': 'image' },
      images: 2,
    })),
    {
      modelId: 'stability.stable-image-core-v1:1',
      operation: 'generate_content',
      spanType: 'LLM',
      body: { prompt: QUESTION, seed: 7 },
      hasOwnShape: false,
      attributes: { 'gen_ai.request.seed': 7, 'gen_ai.output.type': 'image' },
      images: 1,
    },
    {
      modelId: 'stability.stable-diffusion-xl-v1',
      operation: 'generate_content',
      spanType: 'LLM',
      body: { text_prompts: [{ text: QUESTION }], seed: 7, samples: 2 },
      attributes: {
        'gen_ai.request.seed': 7,
        'gen_ai.request.choice.count': 2,
        'gen_ai.output.type': 'image',
        'gen_ai.response.finish_reasons': ['SUCCESS', 'SUCCESS'],
      },
      images: 2,
    },
  ],
};

describe('dialects', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  let client: BedrockRuntimeClient;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());
  beforeEach(() => {
    tracing = startTracing();
    client = createClient(simulator.url);
  });
  afterEach(async () => {
    client.destroy();
    await tracing.close();
  });

  async function invoke(modelId: string, body: unknown): Promise<ReadableSpan> {
    await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
    return tracing.spans().at(-1)!;
  }

  async function stream(modelId: string, body: unknown): Promise<ReadableSpan> {
    const command = new InvokeModelWithResponseStreamCommand({ modelId, body: JSON.stringify(body) });
    await collect((await client.send(command)).body);
    return tracing.spans().at(-1)!;
  }

  it('are all tested here', () => {
    const names = DIALECTS.map(({ dialect }) => dialect.name);
    expect([...Object.keys(CASES), ...Object.keys(PLAIN_CASES)]).to.have.members(names);
  });

  for (const [name, modelId, chat] of Object.entries(CASES).flatMap(([name, chat]) =>
    [chat.modelId, ...(chat.otherModels ?? [])].map((modelId) => [name, modelId, chat] as const),
  )) {
    const { operation, messageFormat, body, parameters, withTool, hasStream } = chat;
    describe(`${name} (${modelId})`, () => {
      it('reads request, answer and tokens', async () => {
        const span = await invoke(modelId, body);
        expect(span.name).to.equal(`${operation} ${modelId}`);
        expect(span.attributes).to.deep.include({ ...parameters, 'gen_ai.operation.name': operation });
        expect(span.attributes).to.not.have.property('gen_ai.request.choice.count');
        expect(json(span, 'gen_ai.input.messages')).to.deep.equal([
          { role: 'user', parts: [{ type: 'text', content: QUESTION }] },
        ]);
        expect(textOf(span)).to.include('Paris');
        const usage = json(span, 'mlflow.chat.tokenUsage') as Record<string, number>;
        expect(usage).to.include({
          input_tokens: span.attributes['gen_ai.usage.input_tokens'],
          output_tokens: span.attributes['gen_ai.usage.output_tokens'],
        });
        expect(usage['input_tokens']).to.be.greaterThan(0);
        expect(usage['output_tokens']).to.be.greaterThan(0);
        // Conversations stand on top, where MLflow's chat view looks for them; of other bodies the text is shown.
        expect(span.attributes['mlflow.message.format']).to.equal(messageFormat);
        expect(json(span, 'mlflow.spanInputs')).to.deep.equal(
          messageFormat === undefined ? { modelId, body: JSON.stringify(body) } : { modelId, ...body },
        );
      });

      if (hasStream === false) return;
      it('folds the stream into the same answer', async () => {
        const whole = await invoke(modelId, body);
        const streamed = await stream(modelId, body);
        for (const attribute of ['gen_ai.output.messages', 'mlflow.chat.tokenUsage']) {
          expect(json(streamed, attribute)).to.deep.equal(json(whole, attribute));
        }
        expect(streamed.attributes['gen_ai.response.finish_reasons']).to.deep.equal(
          whole.attributes['gen_ai.response.finish_reasons'],
        );
        expect(streamed.events).to.not.have.lengthOf(0);
      });

      it('records a stream that breaks off as incomplete', async () => {
        client.destroy();
        client = createClient(simulator.endpoint({ scenario: 'truncated', parameters: { after: 1 } }));
        const span = await stream(modelId, body);
        expect(span.attributes['error.type']).to.equal('incomplete_stream');
      });

      if (!withTool) return;
      it('reads tool definitions and tool calls with parsed arguments, streamed too', async () => {
        for (const send of [invoke, stream]) {
          const span = await send(modelId, { ...body, ...withTool });
          expect(json(span, 'gen_ai.tool.definitions')).to.deep.equal([
            { type: 'function', name: 'get_weather', description: 'Weather', parameters: TOOL_SCHEMA },
          ]);
          expect(json(span, 'mlflow.chat.tools')).to.deep.equal([
            { type: 'function', function: { name: 'get_weather', description: 'Weather', parameters: TOOL_SCHEMA } },
          ]);
          const [message] = json(span, 'gen_ai.output.messages') as Messages;
          const call = message?.parts.find((part) => part['type'] === 'tool_call');
          expect(call).to.deep.include({ name: 'get_weather', arguments: { city: 'Paris' } });
          expect(message?.finish_reason).to.equal('tool_call');
        }
      });
    });
  }

  it('are found by the shape of the body where the model id hides the family', async () => {
    const modelId = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123';
    const plain = Object.values(PLAIN_CASES)
      .flat()
      .filter(({ hasOwnShape }) => hasOwnShape !== false);
    for (const { body, operation } of [...Object.values(CASES), ...plain]) {
      const span = await invoke(modelId, body).catch(() => tracing.spans().at(-1)!);
      expect(span.attributes['gen_ai.operation.name']).to.equal(operation);
      expect(json(span, 'gen_ai.input.messages')).to.have.lengthOf(1);
    }
  });

  it('leave a body they do not know as it is', async () => {
    const odd = await startSimulator({ respond: () => ({ body: { answer: 42 } }) });
    client.destroy();
    client = createClient(odd.url);
    const span = await invoke('nobody.model-v1:0', { question: 6 * 7 });
    await odd.close();
    expect(json(span, 'mlflow.spanInputs')).to.deep.equal({ modelId: 'nobody.model-v1:0', body: '{"question":42}' });
    expect(json(span, 'mlflow.spanOutputs')).to.have.deep.property('body', { answer: 42 });
    expect(span.attributes).to.not.have.any.keys('gen_ai.usage.input_tokens', 'mlflow.chat.tokenUsage');
  });

  it('read Cohere Command whether it streams pieces or the whole answer at once', async () => {
    const { modelId, body } = CASES['cohere-command']!;
    const pieces = await stream(modelId, body);
    const whole = await stream(modelId, { ...body, stream: false });
    for (const attribute of ['gen_ai.output.messages', 'mlflow.chat.tokenUsage']) {
      expect(json(whole, attribute)).to.deep.equal(json(pieces, attribute));
    }
    expect(whole.attributes['gen_ai.response.finish_reasons']).to.deep.equal(['COMPLETE']);
  });

  for (const [name, cases] of Object.entries(PLAIN_CASES)) {
    for (const plain of cases) {
      const { modelId, operation, spanType, body, attributes, inputTokens, images } = plain;
      it(`read ${name} of ${modelId} with ${Object.keys(body).join(', ')}`, async () => {
        const span = await invoke(modelId, body);
        expect(span.name).to.equal(`${operation} ${modelId}`);
        expect(span.attributes).to.deep.include({
          'mlflow.spanType': spanType,
          'gen_ai.operation.name': operation,
          ...attributes,
        });
        const parts = plain.inputParts ?? [{ type: 'text', content: QUESTION }];
        expect(json(span, 'gen_ai.input.messages')).to.deep.equal([{ role: 'user', parts }]);
        if (inputTokens === undefined) {
          expect(span.attributes).to.not.have.any.keys('gen_ai.usage.input_tokens', 'mlflow.chat.tokenUsage');
        } else {
          expect(span.attributes['gen_ai.usage.input_tokens']).to.equal(inputTokens);
          const usage = { input_tokens: inputTokens, output_tokens: 0, total_tokens: inputTokens };
          expect(json(span, 'mlflow.chat.tokenUsage')).to.deep.equal(usage);
        }
        if (images === undefined) return;
        const [message] = json(span, 'gen_ai.output.messages') as Messages;
        expect(message?.parts.map(({ type, modality }) => [type, modality])).to.deep.equal(
          Array.from({ length: images }, () => ['blob', 'image']),
        );
      });
    }
  }
});

type Messages = { parts: Record<string, unknown>[]; finish_reason: string }[];

function textOf(span: ReadableSpan): string {
  const messages = json(span, 'gen_ai.output.messages') as Messages;
  return messages.flatMap(({ parts }) => parts.map((part) => part['content'])).join('');
}
