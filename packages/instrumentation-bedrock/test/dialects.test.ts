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
  readonly operation: 'chat' | 'text_completion';
  readonly messageFormat?: string;
  readonly body: Record<string, unknown>;
  readonly parameters: Record<string, unknown>;
  /** Offers the weather tool and asks for it, where the dialect has tools. */
  readonly withTool?: Record<string, unknown>;
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
  },
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

  it('are all tested here, but for embeddings', () => {
    const names = DIALECTS.filter(({ dialect }) => dialect.operation !== 'embeddings').map(
      ({ dialect }) => dialect.name,
    );
    expect(Object.keys(CASES)).to.have.members(names);
  });

  for (const [name, { modelId, operation, messageFormat, body, parameters, withTool }] of Object.entries(CASES)) {
    describe(name, () => {
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
    for (const { body, operation } of Object.values(CASES)) {
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

  it('give embeddings their own operation, span type and dimensions', async () => {
    const span = await invoke('amazon.titan-embed-text-v2:0', { inputText: QUESTION, dimensions: 256 });
    expect(span.name).to.equal('embeddings amazon.titan-embed-text-v2:0');
    expect(span.attributes).to.include({
      'mlflow.spanType': 'EMBEDDING',
      'gen_ai.operation.name': 'embeddings',
      'gen_ai.embeddings.dimension.count': 256,
    });
    const input = span.attributes['gen_ai.usage.input_tokens'];
    expect(json(span, 'mlflow.chat.tokenUsage')).to.deep.equal({
      input_tokens: input,
      output_tokens: 0,
      total_tokens: input,
    });
  });
});

type Messages = { parts: Record<string, unknown>[]; finish_reason: string }[];

function textOf(span: ReadableSpan): string {
  const messages = json(span, 'gen_ai.output.messages') as Messages;
  return messages.flatMap(({ parts }) => parts.map((part) => part['content'])).join('');
}
