/** Every dialect against the simulator's scripted answers: whole and streamed answers must agree. */

import {
  type BedrockRuntimeClient,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { DIALECTS } from '../../src/dialects/index.js';
import { CASES, PLAIN_CASES, QUESTION, TOOL_SCHEMA } from '../support/dialect-cases.js';
import { beforeEachTest } from '../support/simulation.js';
import { collect, createClient, json, type Tracing } from '../support/tracing.js';

describe('dialects', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  let client: BedrockRuntimeClient;
  beforeEachTest((parts) => {
    ({ simulator, tracing, client } = parts);
  });
  // Some tests replace the client.
  afterEach(() => client.destroy());

  async function invoke(modelId: string, body: unknown): Promise<ReadableSpan> {
    await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
    return tracing.spans().at(-1)!;
  }

  async function stream(modelId: string, body: unknown): Promise<ReadableSpan> {
    const command = new InvokeModelWithResponseStreamCommand({ modelId, body: JSON.stringify(body) });
    await collect((await client.send(command)).body);
    return tracing.spans().at(-1)!;
  }

  it('have a case in this file each', () => {
    const names = DIALECTS.map(({ dialect }) => dialect.name);
    expect([...Object.keys(CASES), ...Object.keys(PLAIN_CASES)]).to.have.members(names);
  });

  for (const [name, modelId, chat] of Object.entries(CASES).flatMap(([name, chat]) =>
    [chat.modelId, ...(chat.otherModels ?? [])].map((modelId) => [name, modelId, chat] as const),
  )) {
    const { operation, messageFormat, body, shown, parameters, withTool, hasStream } = chat;
    describe(`${name} (${modelId})`, () => {
      it('reads the request, the answer and the tokens', async () => {
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
        // MLflow's chat view reads conversations at the top level. Other bodies are shown as text.
        expect(span.attributes['mlflow.message.format']).to.equal(messageFormat);
        expect(json(span, 'mlflow.spanInputs')).to.deep.equal(
          messageFormat === undefined ? { modelId, body: JSON.stringify(body) } : { modelId, ...body, ...shown },
        );
      });

      if (hasStream === false) return;
      it('folds a stream into the same answer that comes without streaming', async () => {
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
      it('reads tool definitions, and tool calls with parsed arguments, also from a stream', async () => {
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

  /** Ways in which a stream ends too early, after three events. */
  const EARLY_ENDS: Readonly<
    Record<string, { scenario: string; stop?: (controller: AbortController) => 'leave' | 'go on' }>
  > = {
    'the connection is reset': { scenario: 'reset' },
    'the connection ends': { scenario: 'truncated' },
    'the service reports an error': { scenario: 'mid-stream-error' },
    'the application leaves it': { scenario: 'stream', stop: () => 'leave' },
    'the application aborts it': {
      scenario: 'stream',
      stop: (controller) => {
        controller.abort();
        return 'go on';
      },
    },
  };
  for (const [how, { scenario, stop }] of Object.entries(EARLY_ENDS)) {
    it(`record no output tokens of a Claude stream if ${how}`, async () => {
      const { modelId, body } = CASES['anthropic-messages']!;
      client.destroy();
      const parameters = scenario === 'stream' ? { interval: 5 } : { after: 3 };
      client = createClient(simulator.endpoint({ scenario, parameters }));
      const controller = new AbortController();
      const command = new InvokeModelWithResponseStreamCommand({ modelId, body: JSON.stringify(body) });
      const response = await client.send(command, { abortSignal: controller.signal });
      let count = 0;
      try {
        for await (const _event of response.body ?? []) if (++count === 3 && stop?.(controller) === 'leave') break;
      } catch {
        // The SDK throws for some of these ends.
      }
      const [span] = tracing.spans();
      expect(span?.attributes['gen_ai.usage.input_tokens']).to.be.greaterThan(0);
      expect(span?.attributes).to.not.have.any.keys('gen_ai.usage.output_tokens', 'mlflow.chat.tokenUsage');
    });
  }

  it('are found by the members of the body if the model id hides the family', async () => {
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

  it('follow the answer if it shows another dialect than the request', async () => {
    const odd = await startSimulator({ respond: () => ({ body: { embedding: [1, 2, 3], inputTextTokenCount: 4 } }) });
    client.destroy();
    client = createClient(odd.url);
    const modelId = 'arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123';
    const span = await invoke(modelId, { dimensions: 512 });
    await odd.close();
    expect(span.name).to.equal(`embeddings ${modelId}`);
    expect(span.attributes).to.include({
      'gen_ai.operation.name': 'embeddings',
      'gen_ai.embeddings.dimension.count': 3,
      'gen_ai.usage.input_tokens': 4,
      'mlflow.spanType': 'EMBEDDING',
    });
  });

  it('record the body of an unknown model unchanged', async () => {
    const odd = await startSimulator({ respond: () => ({ body: { answer: 42 } }) });
    client.destroy();
    client = createClient(odd.url);
    const span = await invoke('unknown.model-v1:0', { question: 6 * 7 });
    await odd.close();
    expect(json(span, 'mlflow.spanInputs')).to.deep.equal({ modelId: 'unknown.model-v1:0', body: '{"question":42}' });
    expect(json(span, 'mlflow.spanOutputs')).to.have.deep.property('body', { answer: 42 });
    expect(span.attributes).to.not.have.any.keys('gen_ai.usage.input_tokens', 'mlflow.chat.tokenUsage');
  });

  it('read the same from Cohere Command, streamed in pieces or as one chunk', async () => {
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
