import { expect } from 'chai';
import type { MlflowSpan, MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { type ExampleRun, outline, sumOf } from './run-example.js';
import { expectWeatherAnswers, runWeatherAgent } from './support/weather-agent.js';

describe('example frameworks/anthropic', function () {
  this.timeout(120_000);
  let run: ExampleRun;
  let agent: MlflowTrace;
  let stream: MlflowTrace;

  before(async () => {
    ({ run, agent, stream } = await runWeatherAgent('frameworks/anthropic'));
  });

  it('prints its tool runs and both answers', () => expectWeatherAnswers(run));

  it('leaves a trace of the agent with the tool runner, its model calls and its tools', () => {
    expect(outline(agent)).to.have.members([
      'AGENT weather-agent',
      '  AGENT anthropic.messages.tool_runner',
      '    CHAT_MODEL anthropic.messages.create',
      '    TOOL anthropic.custom_tool_use get_weather',
      '    TOOL anthropic.custom_tool_use get_weather',
      '    CHAT_MODEL anthropic.messages.create',
    ]);
    expect(agent.info).to.include({ state: 'OK', sessionId: 'example-session', userId: 'example-user' });
  });

  it('leaves a trace of the stream with the whole text', () => {
    expect(outline(stream)).to.deep.equal(['CHAT_MODEL anthropic.messages.create']);
    expect(stream.info.requestPreview).to.equal('What is the capital of France?');
    expect(stream.info.responsePreview).to.match(/^The capital of France is Paris\./);
    expect(stream.spans[0]?.outputs).to.have.nested.property('content[0].text', stream.info.responsePreview);
  });

  it('records inputs and outputs of the model and the tools', () => {
    const [first] = calls(agent.spans);
    expect(first?.inputs).to.have.nested.property('messages[1].content', 'What is the weather in Paris and Tokyo?');
    expect(first?.inputs).to.have.property('system').that.contains('travel assistant');
    expect(first?.inputs).to.have.nested.property('tools[0].name', 'get_weather');
    expect(first?.outputs).to.have.nested.property('content[1].name', 'get_weather');
    const tool = agent.spans.find(({ type }) => type === 'TOOL');
    expect(tool?.inputs).to.deep.equal({ city: 'Paris' });
    expect(tool?.outputs).to.deep.equal([{ type: 'text', text: 'light rain, 11 degrees' }]);
  });

  it('counts tokens and cost once', () => {
    for (const { info, spans } of [agent, stream]) {
      for (const call of calls(spans)) {
        expect(call.tokenUsage).to.include({
          inputTokens: call.attributes['gen_ai.usage.input_tokens'],
          outputTokens: call.attributes['gen_ai.usage.output_tokens'],
        });
        expect(call.cost?.totalCost).to.be.greaterThan(0);
      }
      expect(info.tokenUsage?.inputTokens).to.equal(sumOf(calls(spans), ({ tokenUsage }) => tokenUsage?.inputTokens));
      expect(info.tokenUsage?.outputTokens).to.equal(sumOf(calls(spans), ({ tokenUsage }) => tokenUsage?.outputTokens));
      expect(info.cost?.totalCost).to.be.closeTo(
        sumOf(calls(spans), ({ cost }) => cost?.totalCost),
        1e-12,
      );
    }
    expect(calls(agent.spans)).to.have.length(2);
    expect(agent.spans.filter(({ tokenUsage }) => tokenUsage)).to.have.length(2);
  });
});

/** Returns the spans of the model calls. */
function calls(spans: readonly MlflowSpan[]): MlflowSpan[] {
  return spans.filter(({ name }) => name === 'anthropic.messages.create');
}
