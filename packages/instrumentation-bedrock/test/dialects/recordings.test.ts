/** Every sample of this package and every recorded exchange, replayed through the real SDK client. */

import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { type Expected, type ReplayedExchange, readRecordings, readSamples } from '../support/exchanges.js';
import { messageViolations } from '../support/message-schema.js';
import { type ApplicationView, call } from '../support/replayed-call.js';
import { createClient, json, startTracing, type Tracing } from '../support/tracing.js';

/** What a sample expects if it does not say otherwise. */
const NOTHING_ELSE: Expected = {
  inputTokens: undefined,
  outputTokens: undefined,
  cacheReadTokens: undefined,
  cacheWriteTokens: undefined,
  longCacheWriteTokens: undefined,
  reasoningTokens: undefined,
  finishReasons: [],
  responseId: undefined,
  responseModel: undefined,
  dimensions: undefined,
  texts: [''],
  reasoning: '',
  toolCalls: [],
  images: 0,
};

replay(
  'the samples of this package',
  readSamples().map((sample) => ({ ...sample, expected: { ...NOTHING_ELSE, ...sample.expected } })),
);
replay('the recordings in ../shared/fixtures/exchanges', readRecordings('exchanges'));
replay('the recordings in ../shared/fixtures/synthetic', readRecordings('synthetic'));

function replay(name: string, exchanges: readonly ReplayedExchange[] | undefined): void {
  describe(name, () => {
    if (!exchanges) {
      it('are not beside this checkout, so nothing is replayed', function () {
        this.skip();
      });
      return;
    }

    let simulator: Simulator;
    // One for all: every instrumentation adds a hook to `require`, and hundreds of them make it slow.
    let tracing: Tracing;
    before(async () => {
      simulator = await startSimulator({ exchanges });
      tracing = startTracing();
    });
    after(async () => {
      await tracing.close();
      await simulator.close();
    });

    for (const exchange of exchanges) {
      it(`${exchange.id} is recorded as it was sent, with content and without`, async () => {
        const run = async (): Promise<ApplicationView> => {
          const client = createClient(simulator.endpoint({ exchange: exchange.id }));
          try {
            return await call(client, exchange);
          } finally {
            client.destroy();
          }
        };
        tracing.instrumentation.disable();
        const plain = await run();
        tracing.instrumentation.enable();
        for (const captureMessageContent of [true, false]) {
          tracing.instrumentation.setConfig({ captureMessageContent });
          const before = tracing.spans().length;
          expect(await run(), 'what the application receives').to.deep.equal(plain);
          const [span, ...others] = tracing.spans().slice(before);
          expect(others, 'further spans').to.deep.equal([]);
          compare(span as ReadableSpan, exchange, captureMessageContent);
        }
      });
    }
  });
}

function compare(span: ReadableSpan, { expected, modelId }: ReplayedExchange, hasContent: boolean): void {
  const { attributes, lastInput, ...values } = expected;
  const reading = { ...readFigures(span), ...(hasContent ? readContent(span) : {}) };
  for (const [name, value] of Object.entries(values)) {
    if (name in reading) expect(reading[name], name).to.deep.equal(value);
  }
  expectMlflowUsage(span, expected);
  if (modelId !== null) expect(span.attributes).to.include({ 'gen_ai.request.model': modelId });
  expect(span.attributes).to.deep.include(attributes ?? {});
  expectStatus(span, expected, hasContent);
  if (hasContent) {
    expect(messageViolations(span), 'against the published message schemas').to.deep.equal([]);
    if (lastInput) expect(inputOf(span).at(-1)?.parts, 'last message of the request').to.deep.equal(lastInput);
  } else {
    expectNoContent(span, expected);
  }
}

/** What is recorded with content off too. */
function readFigures({ name, attributes }: ReadableSpan): Record<string, unknown> {
  return {
    spanName: name,
    spanType: attributes['mlflow.spanType'],
    inputTokens: attributes['gen_ai.usage.input_tokens'],
    outputTokens: attributes['gen_ai.usage.output_tokens'],
    cacheReadTokens: attributes['gen_ai.usage.cache_read.input_tokens'],
    cacheWriteTokens: attributes['gen_ai.usage.cache_creation.input_tokens'],
    reasoningTokens: attributes['gen_ai.usage.reasoning.output_tokens'],
    finishReasons: attributes['gen_ai.response.finish_reasons'] ?? [],
    responseId: attributes['gen_ai.response.id'],
    responseModel: attributes['gen_ai.response.model'],
    dimensions: attributes['gen_ai.embeddings.dimension.count'],
  };
}

interface Message {
  readonly parts: readonly { readonly type: string; readonly [key: string]: unknown }[];
}

function readContent(span: ReadableSpan): Record<string, unknown> {
  const messages = (json(span, 'gen_ai.output.messages') ?? []) as Message[];
  const parts = messages[0]?.parts ?? [];
  return {
    texts: messages.length === 0 ? [''] : messages.map((message) => textOf(message.parts, 'text')),
    reasoning: textOf(parts, 'reasoning'),
    toolCalls: parts
      .filter((part) => part.type === 'tool_call')
      .map(({ name, id, arguments: args }) => ({ name, ...(id === undefined ? {} : { id }), arguments: args })),
    images: parts.filter(({ type, modality }) => type === 'blob' && modality === 'image').length,
  };
}

function inputOf(span: ReadableSpan): Message[] {
  return (json(span, 'gen_ai.input.messages') ?? []) as Message[];
}

function textOf(parts: Message['parts'], type: string): string {
  return parts
    .filter((part) => part.type === type)
    .map((part) => part['content'])
    .join('');
}

/** MLflow needs input, output and total. An embedding has no output. */
function expectMlflowUsage(span: ReadableSpan, expected: Expected): void {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, longCacheWriteTokens, dimensions } = expected;
  const outputTokens = expected.outputTokens ?? (dimensions === undefined ? undefined : 0);
  const usage = json(span, 'mlflow.chat.tokenUsage') as Record<string, number> | undefined;
  if (inputTokens === undefined || outputTokens === undefined) {
    expect(usage, 'mlflow.chat.tokenUsage').to.equal(undefined);
    return;
  }
  const { cache_creation_input_tokens_above_1hr: longWrites, ...figures } = usage ?? {};
  expect(figures, 'mlflow.chat.tokenUsage').to.deep.equal({
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(cacheReadTokens === undefined ? {} : { cache_read_input_tokens: cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cache_creation_input_tokens: cacheWriteTokens }),
  });
  if ('longCacheWriteTokens' in expected) expect(longWrites).to.equal(longCacheWriteTokens);
}

function expectStatus({ status, attributes, events }: ReadableSpan, expected: Expected, hasContent: boolean): void {
  const { error, isIncomplete } = expected;
  expect(attributes['error.type']).to.equal(isIncomplete ? 'incomplete_stream' : error?.type);
  expect(status.code, 'status').to.equal(error || isIncomplete ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
  const exception = events.find(({ name }) => name === 'exception');
  expect(exception?.attributes?.['exception.type']).to.equal(error?.type);
  expect(exception?.attributes?.['exception.message']).to.equal(hasContent ? error?.message : undefined);
}

function expectNoContent(span: ReadableSpan, { texts = [], reasoning, toolCalls = [], error }: Expected): void {
  const { attributes, events, status } = span;
  for (const attribute of [
    'gen_ai.input.messages',
    'gen_ai.output.messages',
    'mlflow.spanInputs',
    'mlflow.spanOutputs',
  ]) {
    expect(attributes).to.not.have.property(attribute);
  }
  const recorded = JSON.stringify([attributes, events, status]);
  const secrets = [...texts, reasoning, error?.message, ...toolCalls.map((call) => JSON.stringify(call.arguments))];
  for (const secret of secrets) {
    // A word can be part of a name; a sentence cannot.
    if (secret && secret.length > 20) expect(recorded).to.not.include(JSON.stringify(secret).slice(1, -1));
  }
}
