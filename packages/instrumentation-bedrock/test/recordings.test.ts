/** Every recorded exchange, replayed through the real SDK client. */

import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { messageViolations } from './support/message-schema.js';
import { type ApplicationView, call, type Recording, readRecordings } from './support/recordings.js';
import { createClient, json, startTracing, type Tracing } from './support/tracing.js';

const INFERENCE = new Set(['Converse', 'ConverseStream', 'InvokeModel', 'InvokeModelWithResponseStream']);

for (const folder of ['exchanges', 'synthetic'] as const) {
  const recordings = readRecordings(folder);

  describe(`recorded exchanges (${folder})`, () => {
    if (!recordings) {
      it(`replays them: ../shared/fixtures/${folder} is not here`, function () {
        this.skip();
      });
      return;
    }

    let simulator: Simulator;
    let tracing: Tracing;
    before(async () => {
      simulator = await startSimulator({ exchanges: recordings });
    });
    after(() => simulator.close());
    afterEach(() => tracing?.close());

    for (const recording of recordings) {
      it(recording.id, async () => {
        const run = async (): Promise<ApplicationView> => {
          const client = createClient(simulator.endpoint({ exchange: recording.id }));
          try {
            return withoutRequestId(await call(client, recording));
          } finally {
            client.destroy();
          }
        };
        const plain = await run();
        tracing = startTracing();
        const traced = await run();

        expect(traced, 'what the application receives').to.deep.equal(plain);
        expect(tracing.spans(), 'spans').to.have.lengthOf(1);
        const [span] = tracing.spans() as [ReadableSpan];
        if (INFERENCE.has(recording.operation)) expect(readSpan(span)).to.deep.equal(expectedOf(recording));
        else expectPlain(span, recording);
        expect(messageViolations(span), 'against the published message schemas').to.deep.equal([]);
        if (plain.error) expectFailure(span, plain.error);
        if (!recording.operation.endsWith('Stream')) return;

        await tracing.close();
        tracing = startTracing({ config: { captureMessageContent: false } });
        await run();
        // Without the chunks that have nothing but content.
        expect(figures(tracing.spans()[0] as ReadableSpan), 'with content off').to.deep.equal(figures(span));
      });
    }
  });
}

function expectFailure(span: ReadableSpan, error: { readonly name: string; readonly message: string }): void {
  expect(span.status.code).to.equal(SpanStatusCode.ERROR);
  expect(span.attributes['error.type']).to.equal(error.name);
  const event = span.events.at(-1);
  expect(event?.name).to.equal('exception');
  expect(event?.attributes).to.include({ 'exception.type': error.name, 'exception.message': error.message });
}

/** Operations that are no inference. */
function expectPlain({ name, attributes }: ReadableSpan, { operation, modelId, expected, response }: Recording): void {
  expect(attributes).to.not.have.any.keys('gen_ai.usage.input_tokens', 'mlflow.chat.tokenUsage');
  if (operation === 'CountTokens') {
    expect(name).to.equal(`count_tokens ${modelId}`);
    expect(attributes['aws.bedrock.counted_input_tokens']).to.equal(expected.input_tokens ?? undefined);
  } else {
    expect(name).to.equal('apply_guardrail');
    expect(attributes).to.include({
      'mlflow.spanType': 'GUARDRAIL',
      'aws.bedrock.guardrail.action': (response.body as { action: string }).action,
    });
    expect(attributes).to.include.keys('aws.bedrock.guardrail.id', 'aws.bedrock.guardrail.version');
  }
}

interface Reading {
  readonly tokens: Record<string, unknown>;
  readonly finishReasons: unknown;
  /** Of the first choice. */
  readonly text: string;
  /** Text of every choice, where there can be several. */
  readonly choices: unknown;
  readonly dimensions: unknown;
  readonly responseId: unknown;
  readonly toolCalls: unknown;
  readonly reasoning: string;
}

/** What is recorded whatever happens to content. */
function figures(span: ReadableSpan): object {
  const { tokens, finishReasons, dimensions, responseId } = readSpan(span);
  return { tokens, finishReasons, dimensions, responseId, status: span.status.code };
}

interface OutputMessage {
  readonly parts: readonly { readonly type: string; readonly [key: string]: unknown }[];
}

function readSpan(span: ReadableSpan): Reading {
  const { attributes } = span;
  const messages = (json(span, 'gen_ai.output.messages') ?? []) as OutputMessage[];
  const parts = messages[0]?.parts ?? [];
  return {
    tokens: {
      input: attributes['gen_ai.usage.input_tokens'],
      output: attributes['gen_ai.usage.output_tokens'],
      cacheRead: attributes['gen_ai.usage.cache_read.input_tokens'],
      cacheWrite: attributes['gen_ai.usage.cache_creation.input_tokens'],
      mlflow: json(span, 'mlflow.chat.tokenUsage'),
    },
    finishReasons: attributes['gen_ai.response.finish_reasons'] ?? [],
    text: textOf(parts, 'text'),
    choices: messages.length > 1 ? messages.map((message) => textOf(message.parts, 'text')) : undefined,
    dimensions: attributes['gen_ai.embeddings.dimension.count'],
    responseId: attributes['gen_ai.response.id'],
    toolCalls: parts
      .filter((part) => part.type === 'tool_call')
      .map(({ name, id, arguments: args }) => ({ name, id, arguments: args })),
    reasoning: textOf(parts, 'reasoning'),
  };
}

function textOf(parts: OutputMessage['parts'], type: string): string {
  return parts
    .filter((part) => part.type === type)
    .map((part) => part['content'])
    .join('');
}

/** `expected` under the rule that input tokens include cached ones; the recordings give the provider's raw field. */
function expectedOf({ expected, operation }: Recording): Reading {
  const value = (count: number | null): number | undefined => count ?? undefined;
  const isEmbedding = expected.embeddings !== null;
  const cacheRead = value(expected.cache_read_input_tokens);
  const cacheWrite = value(expected.cache_creation_input_tokens);
  const input =
    expected.input_tokens === null ? undefined : expected.input_tokens + (cacheRead ?? 0) + (cacheWrite ?? 0);
  const output = value(expected.output_tokens);
  const mlflowOutput = output ?? (isEmbedding ? 0 : undefined);
  return {
    tokens: {
      input,
      output,
      cacheRead,
      cacheWrite,
      mlflow:
        input === undefined || mlflowOutput === undefined
          ? undefined
          : {
              input_tokens: input,
              output_tokens: mlflowOutput,
              total_tokens: input + mlflowOutput,
              ...(cacheRead === undefined ? {} : { cache_read_input_tokens: cacheRead }),
              ...(cacheWrite === undefined ? {} : { cache_creation_input_tokens: cacheWrite }),
            },
    },
    finishReasons: expected.finish_reasons ?? [],
    text: expected.text ?? '',
    choices: expected.choices && expected.choices.length > 1 ? expected.choices.map(({ text }) => text) : undefined,
    dimensions: expected.embeddings?.dimensions,
    // Converse has none; what the recordings give there is the HTTP request's.
    responseId: operation.startsWith('Converse') ? undefined : (expected.response_id ?? undefined),
    toolCalls: (expected.tool_calls ?? []).map(({ name, id, arguments: args }) => ({ name, id, arguments: args })),
    reasoning: expected.reasoning ?? '',
  };
}

/** Request ids and timings differ between two runs of the same call. */
function withoutRequestId(view: ApplicationView): ApplicationView {
  const output = view.output as { $metadata?: { requestId?: string } } | undefined;
  if (output?.$metadata) delete output.$metadata.requestId;
  return view;
}
