import { expect } from 'chai';
import type { MlflowSpan, MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { type ExampleRun, outline, sumOf } from './run-example.js';
import { expectWeatherAnswers, runWeatherAgent } from './support/weather-agent.js';

const CHAT = 'CHAT_MODEL chat openai.gpt-oss-120b-1:0';

describe('example frameworks/openai', function () {
  this.timeout(120_000);
  let run: ExampleRun;
  let agent: MlflowTrace;
  let stream: MlflowTrace;

  before(async () => {
    ({ run, agent, stream } = await runWeatherAgent('frameworks/openai'));
  });

  it('prints its tool runs and both answers', () => expectWeatherAnswers(run));

  it('leaves a trace of the agent with its model calls and its tools', () => {
    expect(outline(agent)).to.have.members([
      'AGENT weather-agent',
      `  ${CHAT}`,
      '  TOOL get_weather',
      '  TOOL get_weather',
      `  ${CHAT}`,
    ]);
    expect(agent.info).to.include({ state: 'OK', sessionId: 'example-session', userId: 'example-user' });
  });

  it('leaves a trace of the stream with the whole text', () => {
    expect(outline(stream)).to.deep.equal([CHAT]);
    expect(stream.info.requestPreview).to.equal('What is the capital of France?');
    expect(stream.info.responsePreview).to.match(/^The capital of France is Paris\./);
  });

  it('records inputs and outputs of the model', () => {
    const [first] = calls(agent.spans);
    expect(first?.inputs).to.have.nested.property('messages[1].content', 'What is the weather in Paris and Tokyo?');
    expect(first?.inputs).to.have.nested.property('tools[0].function.name', 'get_weather');
    expect(first?.outputs).to.have.nested.property('choices[0].message.tool_calls[0].function.name', 'get_weather');
  });

  it('counts tokens and cost once', () => {
    for (const { info, spans } of [agent, stream]) {
      for (const call of calls(spans)) expect(call.cost?.totalCost).to.be.greaterThan(0);
      expect(info.tokenUsage?.inputTokens).to.equal(sumOf(calls(spans), ({ tokenUsage }) => tokenUsage?.inputTokens));
      expect(info.tokenUsage?.outputTokens).to.equal(sumOf(calls(spans), ({ tokenUsage }) => tokenUsage?.outputTokens));
      const cost = sumOf(calls(spans), (span) => span.cost?.totalCost);
      expect(info.cost?.totalCost).to.be.closeTo(cost, 1e-12);
    }
    expect(calls(agent.spans)).to.have.length(2);
  });
});

/** Returns the spans of the model calls. */
function calls(spans: readonly MlflowSpan[]): MlflowSpan[] {
  return spans.filter(({ type }) => type === 'CHAT_MODEL');
}
