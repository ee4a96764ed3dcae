import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { translateFramework } from '../../src/export/span/conventions/frameworks.js';
import { MlflowClient, MlflowSpanExporter, type MlflowTrace } from '../../src/index.js';
import { childSpan, exportSpans, recordSpans, uniqueName } from '../support/tracing.js';

const MODEL = 'amazon.nova-pro-v1:0';
const EMBEDDING_MODEL = 'amazon.titan-embed-text-v2:0';

/** Attributes of `ai` 6.0.326 for a call with 100 uncached tokens, 900 read from the cache and 40 written to it. */
const cachedUsage: Attributes = {
  'ai.usage.inputTokens': 1040,
  'ai.usage.inputTokenDetails.noCacheTokens': 100,
  'ai.usage.inputTokenDetails.cacheReadTokens': 900,
  'ai.usage.inputTokenDetails.cacheWriteTokens': 40,
  'ai.usage.outputTokens': 10,
  'ai.usage.totalTokens': 1050,
};
const messages = JSON.stringify([{ role: 'user', content: [{ type: 'text', text: 'How is the weather?' }] }]);
const generateText: Attributes = {
  'ai.operationId': 'ai.generateText',
  'ai.model.id': MODEL,
  'ai.prompt': '{"prompt":"How is the weather?"}',
  'ai.response.text': 'Sunny.',
  ...cachedUsage,
};
const doGenerate: Attributes = {
  'ai.operationId': 'ai.generateText.doGenerate',
  'ai.model.id': MODEL,
  'ai.prompt.messages': messages,
  'ai.response.text': 'Sunny.',
  ...cachedUsage,
  'gen_ai.system': 'amazon-bedrock',
  'gen_ai.request.model': MODEL,
  'gen_ai.usage.input_tokens': 1040,
  'gen_ai.usage.output_tokens': 10,
};
const embedMany: Attributes = {
  'ai.operationId': 'ai.embedMany',
  'ai.model.id': EMBEDDING_MODEL,
  'ai.values': ['"one"', '"two"'],
  'ai.usage.tokens': 6,
};
const doEmbed: Attributes = { ...embedMany, 'ai.operationId': 'ai.embedMany.doEmbed', 'ai.embeddings': ['[0.5,1]'] };
/** Attributes of `@anthropic-ai/sdk` 1.11.0. */
const anthropicTool: Attributes = {
  'gen_ai.operation.name': 'execute_tool',
  'gen_ai.tool.name': 'get_weather',
  'gen_ai.tool.call.arguments': '{"city":"Paris"}',
  'anthropic.tool_result.content': '[{"type":"text","text":"sunny"}]',
};

describe('spans of frameworks', () => {
  it('count the tokens of a call of the AI SDK once, and those of its cache at their own price', async () => {
    const { info, spans } = await stored((tracer) => {
      const whole = tracer.startSpan('ai.generateText', { attributes: generateText });
      childSpan(tracer, whole, 'ai.generateText.doGenerate', doGenerate);
      whole.end();
    });
    const usage = {
      inputTokens: 1040,
      outputTokens: 10,
      totalTokens: 1050,
      cacheReadInputTokens: 900,
      cacheCreationInputTokens: 40,
    };
    expect(spans.map(({ name, tokenUsage }) => [name, tokenUsage])).to.deep.equal([
      ['ai.generateText', undefined],
      ['ai.generateText.doGenerate', usage],
    ]);
    expect(info.tokenUsage).to.deep.equal(usage);
    const { cost } = (
      await stored((tracer) => {
        const { 'ai.usage.inputTokenDetails.noCacheTokens': _, ...uncached } = doGenerate;
        tracer.startSpan('ai.generateText.doGenerate', { attributes: uncached }).end();
      })
    ).info;
    expect(info.cost?.inputCost)
      .to.be.greaterThan(0)
      .and.lessThan((cost?.inputCost ?? 0) / 2);
  });

  it('count the tokens of embeddings of the AI SDK once', async () => {
    const { info, spans } = await stored((tracer) => {
      const whole = tracer.startSpan('ai.embedMany', { attributes: embedMany });
      childSpan(tracer, whole, 'ai.embedMany.doEmbed', doEmbed);
      whole.end();
    });
    const usage = { inputTokens: 6, outputTokens: 0, totalTokens: 6 };
    expect(spans.map(({ type, tokenUsage }) => [type, tokenUsage])).to.deep.equal([
      ['EMBEDDING', undefined],
      ['EMBEDDING', usage],
    ]);
    expect(info.tokenUsage).to.deep.equal(usage);
    expect(info.cost?.totalCost).to.be.greaterThan(0);
  });

  it('show documents and ranking of the AI SDK, in version 6 and 7', async () => {
    const content = {
      'ai.documents': ['"rain in Paris"', '{"city":"Rome","weather":"sun"}'],
      'ai.ranking.type': 'text',
      'ai.ranking': ['{"index":0,"relevanceScore":0.9}'],
    };
    for (const attributes of [
      { 'ai.operationId': 'ai.rerank.doRerank', 'ai.model.id': 'amazon.rerank-v1:0', ...content },
      { 'gen_ai.operation.name': 'rerank', 'gen_ai.request.model': 'amazon.rerank-v1:0', ...content },
    ]) {
      const { spans } = await stored((tracer) => tracer.startSpan('rerank', { attributes }).end());
      expect(spans[0]).to.deep.include({
        type: 'RERANKER',
        inputs: { documents: ['rain in Paris', { city: 'Rome', weather: 'sun' }] },
        outputs: { ranking: [{ index: 0, relevanceScore: 0.9 }] },
      });
    }
  });

  it('have session and user of the AI SDK’s metadata or runtime context, unless the span has others', async () => {
    for (const prefix of ['ai.telemetry.metadata.', 'ai.settings.context.']) {
      const attributes = { [`${prefix}sessionId`]: 'session-7', [`${prefix}userId`]: 'ada' };
      const { info } = await stored((tracer) => tracer.startSpan('call', { attributes }).end());
      expect(info).to.include({ sessionId: 'session-7', userId: 'ada' });
      const own = { ...attributes, 'session.id': 'mine', 'user.id': 'me' };
      expect(translateFramework(own)).to.equal(undefined);
    }
  });

  it('have a step of an agent of AI SDK 7 between the agent and its call to a model', async () => {
    const { spans } = await stored((tracer) => {
      const agent = tracer.startSpan('invoke_agent', { attributes: { 'gen_ai.operation.name': 'invoke_agent' } });
      childSpan(tracer, agent, 'step 1', { 'gen_ai.operation.name': 'agent_step' });
      agent.end();
    });
    expect(spans.map(({ type }) => type)).to.deep.equal(['AGENT', 'CHAIN']);
  });

  it('show question and answer of the AI SDK in the list of traces, also below another root', async () => {
    for (const root of [generateText, {}]) {
      const { info } = await stored((tracer) => {
        const whole = tracer.startSpan('root', { attributes: root });
        childSpan(tracer, whole, 'ai.generateText.doGenerate', doGenerate);
        whole.end();
      });
      expect(info).to.include({ requestPreview: 'How is the weather?', responsePreview: 'Sunny.' });
    }
  });

  it('show the result of a tool of Anthropic’s tool runner', async () => {
    const { spans } = await stored((tracer) => {
      tracer.startSpan('anthropic.custom_tool_use get_weather', { attributes: anthropicTool }).end();
    });
    expect(spans[0]).to.deep.include({ inputs: { city: 'Paris' }, outputs: [{ type: 'text', text: 'sunny' }] });
  });

  it('keep attributes that MLflow reads by itself', () => {
    const said = { 'mlflow.spanOutputs': '"sunny"' };
    expect(translateFramework({ ...anthropicTool, ...said })).to.equal(undefined);
    expect(translateFramework({ ...anthropicTool, 'gen_ai.tool.call.result': 'sunny' })).to.equal(undefined);
    expect(translateFramework({ ...doEmbed, 'gen_ai.request.model': 'mine' })).to.include({
      'gen_ai.request.model': 'mine',
    });
  });

  it('stay the same if no framework made them, or above the calls to a model', () => {
    expect(translateFramework({ 'gen_ai.operation.name': 'chat' })).to.equal(undefined);
    expect(translateFramework(generateText)).to.equal(undefined);
    expect(translateFramework(embedMany)).to.equal(undefined);
  });
});

/** Sends these spans to a real server and reads their trace back. */
async function stored(work: Parameters<typeof recordSpans>[0]): Promise<MlflowTrace> {
  const { url } = await testServer();
  const exporter = new MlflowSpanExporter({ trackingUri: url, experimentName: uniqueName('frameworks') });
  const spans: ReadableSpan[] = recordSpans(work);
  await exportSpans(exporter, spans);
  await exporter.shutdown();
  const client = new MlflowClient({ trackingUri: url });
  const trace = await client.getTrace(`tr-${spans[0]?.spanContext().traceId}`);
  await client.close();
  return trace;
}
