/** What a span of Anthropic's SDK gets of a call, by the switches for content. */

import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import type { JsonObject, JsonValue } from '../../src/data/json.js';
import type { BedrockContent, BedrockInstrumentationConfig } from '../../src/index.js';
import { MessagesRecord, resolveConfig } from '../../src/recording.js';

const REQUEST = {
  model: 'anthropic.claude-sonnet-4-5',
  max_tokens: 50,
  messages: [{ role: 'user', content: 'Tide?' }],
};
const ANSWER = { role: 'assistant', content: [{ type: 'text', text: 'High.' }], stop_reason: 'end_turn' };

describe('the record of a call of the Messages API', () => {
  /** The attributes of a span with the request, and with the answer. */
  function attributesOf(
    config: BedrockInstrumentationConfig,
    request: JsonObject = REQUEST,
    env: NodeJS.ProcessEnv = {},
  ): Record<string, unknown> {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const span = provider.getTracer('test').startSpan('anthropic.messages.create');
    const report = (what: string, error: unknown): never => {
      throw new Error(what, { cause: error });
    };
    const record = new MessagesRecord(span, request, { config: resolveConfig(config, env, report as never), report });
    record.answered(ANSWER);
    span.end();
    record.answered({ ...ANSWER, stop_reason: 'too late' });
    return exporter.getFinishedSpans()[0]?.attributes ?? {};
  }

  const figures = { 'gen_ai.request.max_tokens': 50, 'gen_ai.response.finish_reasons': ['end_turn'] };

  it('has parameters, finish reason and content in both forms', () => {
    const attributes = attributesOf({});
    expect(attributes).to.deep.include({ ...figures, 'mlflow.message.format': 'langchain' });
    for (const name of ['gen_ai.input.messages', 'mlflow.spanInputs']) {
      expect(attributes[name]).to.include('Tide?');
    }
    for (const name of ['gen_ai.output.messages', 'mlflow.spanOutputs']) {
      expect(attributes[name]).to.include('High.');
    }
  });

  it('has figures only if content is off, or in log events only', () => {
    const inEvents = { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'EVENT_ONLY' };
    expect(attributesOf({ captureMessageContent: false })).to.deep.equal(figures);
    const contentHook = (): never => expect.fail('nothing is recorded');
    expect(attributesOf({ contentHook }, REQUEST, inEvents)).to.deep.equal(figures);
  });

  it('has no form for MLflow if that is off', () => {
    const attributes = attributesOf({ contentFormats: ['gen_ai'] });
    expect(attributes).to.have.property('gen_ai.input.messages');
    expect(attributes).to.not.have.any.keys('mlflow.message.format', 'mlflow.spanInputs', 'mlflow.spanOutputs');
  });

  it('has what contentHook returns, and nothing of a body that it leaves out or replaces by a text', () => {
    const seen: BedrockContent[] = [];
    const hide = (content: BedrockContent): JsonValue => {
      seen.push(content);
      return JSON.parse(JSON.stringify(content.value).replace(/Tide|High/, 'hidden'));
    };
    expect(attributesOf({ contentHook: hide })).to.deep.include(figures);
    expect(seen.map(({ kind, operation, modelId }) => [kind, operation, modelId])).to.deep.equal([
      ['request', 'Messages', REQUEST.model],
      ['response', 'Messages', REQUEST.model],
    ]);
    const { model: _, ...unnamed } = REQUEST;
    expect(JSON.stringify(attributesOf({ contentHook: hide }, unnamed))).to.not.match(/Tide|High/);
    expect(seen.at(-1)).to.have.property('modelId', undefined);
    for (const contentHook of [() => undefined, () => 'hidden']) {
      const attributes = attributesOf({ contentHook });
      expect(attributes).to.not.have.any.keys('gen_ai.output.messages', 'mlflow.spanOutputs');
      expect(JSON.stringify(attributes)).to.not.match(/Tide|High/);
    }
  });
});
