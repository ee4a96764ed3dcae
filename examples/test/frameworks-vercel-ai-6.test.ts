import { expect } from 'chai';
import type { MlflowSpan, MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { type ExampleRun, outline, runExample, sumOf } from './run-example.js';

describe('example frameworks/vercel-ai-6', function () {
  this.timeout(120_000);
  let run: ExampleRun;
  let agent: MlflowTrace;
  let stream: MlflowTrace;
  let embedding: MlflowTrace;
  let reranking: MlflowTrace;

  before(async () => {
    run = await runExample(['frameworks/vercel-ai-6']);
    expect(run.code, run.output).to.equal(0);
    expect(run.traces, run.output).to.have.length(4);
    [agent, stream, embedding, reranking] = run.traces as [MlflowTrace, MlflowTrace, MlflowTrace, MlflowTrace];
  });

  it('prints its tool runs, both answers, the embedding and the best document', () => {
    expect(run.output).to.match(/get_weather\(Paris\) -> light rain.*\n.*get_weather\(Tokyo\) -> sunny/);
    expect(run.output).to.match(/^Here is what I found\. .*light rain.*sunny/m);
    expect(run.output.match(/Here is what I found\./g)).to.have.length(2);
    expect(run.output).to.match(/^An embedding of \d+ numbers\.$/m);
    expect(run.output).to.match(/^The best document: Light rain in Paris\.$/m);
  });

  it('leaves a trace of the agent with the AI SDK’s steps and tools below the traced function', () => {
    expect(outline(agent)).to.have.members([
      'AGENT weather-agent',
      '  LLM ai.generateText',
      '    LLM ai.generateText.doGenerate',
      '    TOOL ai.toolCall',
      '    TOOL ai.toolCall',
      '    LLM ai.generateText.doGenerate',
    ]);
    expect(agent.info).to.include({ state: 'OK', sessionId: 'example-session', userId: 'example-user' });
  });

  it('leaves a trace of the stream with the tool call in the step that requested it', () => {
    expect(outline(stream)).to.have.members([
      'LLM ai.streamText',
      '  LLM ai.streamText.doStream',
      '    TOOL ai.toolCall',
      '  LLM ai.streamText.doStream',
    ]);
  });

  it('records inputs and outputs of the model and the tools', () => {
    for (const { spans } of [agent, stream]) {
      const [first, last] = steps(spans);
      expect(first?.inputs).to.have.nested.property('messages').that.is.an('array');
      expect(first?.inputs).to.have.nested.property('tools[0].name', 'get_weather');
      expect(first?.outputs).to.have.nested.property('toolCalls[0].toolName', 'get_weather');
      expect(last?.outputs).to.have.property('text').that.contains('Here is what I found.');
      const tool = spans.find(({ name }) => name === 'ai.toolCall');
      expect(tool?.inputs).to.deep.equal({ city: 'Paris' });
      expect(tool?.outputs).to.deep.equal({ report: 'light rain, 11 degrees' });
    }
  });

  it('shows question and answer in the list of traces', () => {
    expect(stream.info.requestPreview).to.equal('How is the weather in Paris? Say it in one sentence.');
    expect(stream.info.responsePreview).to.match(/^Here is what I found\. Paris/);
  });

  it('counts tokens and cost once, although the AI SDK reports them on the whole and on each step', () => {
    for (const { info, spans } of [agent, stream]) {
      expect(steps(spans)).to.have.length(2);
      for (const step of steps(spans)) {
        expect(step.tokenUsage).to.include({
          inputTokens: step.attributes['ai.usage.inputTokens'],
          outputTokens: step.attributes['ai.usage.outputTokens'],
        });
        expect(step.cost?.totalCost).to.be.greaterThan(0);
      }
      const whole = spans.find(({ name }) => /^ai\.(generate|stream)Text$/.test(name));
      expect(info.tokenUsage).to.include({
        inputTokens: whole?.attributes['ai.usage.inputTokens'],
        outputTokens: whole?.attributes['ai.usage.outputTokens'],
        totalTokens: whole?.attributes['ai.usage.totalTokens'],
      });
      expect(info.cost?.totalCost).to.be.closeTo(
        sumOf(steps(spans), ({ cost }) => cost?.totalCost),
        1e-12,
      );
    }
  });

  it('counts the tokens of an embedding once', () => {
    expect(outline(embedding)).to.deep.equal(['EMBEDDING ai.embed', '  EMBEDDING ai.embed.doEmbed']);
    const { info, spans } = embedding;
    expect(info.tokenUsage?.inputTokens).to.equal(spans[0]?.attributes['ai.usage.tokens']).and.greaterThan(0);
    expect(spans.filter(({ tokenUsage }) => tokenUsage)).to.have.length(1);
    expect(info.cost?.totalCost).to.be.greaterThan(0);
  });

  it('records documents and ranking of a reranking model', () => {
    expect(outline(reranking)).to.deep.equal(['RERANKER ai.rerank', '  RERANKER ai.rerank.doRerank']);
    const documents = ['Sunny, 19 degrees in Tokyo', 'Light rain in Paris'];
    expect(reranking.spans.map(({ inputs }) => inputs)).to.deep.equal([{ documents }, { documents }]);
    expect(reranking.spans[1]?.outputs).to.have.nested.property('ranking[0].index', 1);
  });
});

/** Returns the spans of the model calls. */
function steps(spans: readonly MlflowSpan[]): MlflowSpan[] {
  return spans.filter(({ name }) => /\.do(Generate|Stream)$/.test(name));
}
