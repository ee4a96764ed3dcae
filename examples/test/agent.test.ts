import { expect } from 'chai';
import { whyOutdated } from 'testing/pictures.js';
import { type ExampleRun, outline, runExample, sumOf } from './run-example.js';

const CHAT = '  CHAT_MODEL chat amazon.nova-pro-v1:0';

describe('example agent', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['agent']);
  });

  it('leaves the traces that the pictures of the documentation show', () => {
    expect(whyOutdated('agent', run.traces)).to.equal(undefined);
  });

  it('prints its tool runs and the answer from their results', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.contain('get_weather({"city":"Paris"}) -> {"sky":"light rain","celsius":11}');
    expect(run.output).to.match(/get_local_time\({"city":"Tokyo"}\) -> {"time":"\d\d:\d\d"}/);
    expect(run.output).to.match(/^Here is what I found\. .*light rain.*sunny/m);
  });

  it('leaves one trace of the agent, its model calls and its tools', () => {
    expect(run.traces).to.have.length(1);
    // The order is not checked, because spans that start within one millisecond have the same time.
    expect(run.traces[0] && outline(run.traces[0])).to.have.members([
      'AGENT invoke_agent weather-agent',
      CHAT,
      '  TOOL execute_tool get_weather',
      '  TOOL execute_tool get_weather',
      CHAT,
      '  TOOL execute_tool get_local_time',
      '  TOOL execute_tool get_local_time',
      CHAT,
    ]);
  });

  it('records inputs and outputs of the agent and its tools', () => {
    const spans = run.traces[0]?.spans ?? [];
    expect(spans[0]?.inputs).to.deep.equal({
      question: 'What is the weather in Paris and Tokyo, and what is the local time there?',
    });
    expect(spans[0]?.outputs).to.be.a('string').that.contains('Here is what I found.');
    const tool = spans.find(({ name }) => name === 'execute_tool get_weather');
    expect(tool?.inputs).to.deep.equal({ city: 'Paris' });
    expect(tool?.outputs).to.deep.equal({ sky: 'light rain', celsius: 11 });
    expect(tool?.attributes).to.include({ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'get_weather' });
    expect(tool?.attributes['gen_ai.tool.call.id']).to.be.a('string').that.is.not.empty;
  });

  it('belongs to a session and a user', () => {
    expect(run.traces[0]?.info).to.include({ state: 'OK', sessionId: 'example-session', userId: 'example-user' });
  });

  it('has the tokens and cost of all calls on its trace', () => {
    const { info, spans } = run.traces[0] ?? expect.fail('no trace');
    expect(spans.filter(({ tokenUsage }) => tokenUsage)).to.have.length(3);
    expect(info.tokenUsage?.inputTokens).to.equal(sumOf(spans, ({ tokenUsage }) => tokenUsage?.inputTokens));
    expect(info.tokenUsage?.outputTokens).to.equal(sumOf(spans, ({ tokenUsage }) => tokenUsage?.outputTokens));
    expect(info.cost?.totalCost)
      .to.be.closeTo(
        sumOf(spans, ({ cost }) => cost?.totalCost),
        1e-12,
      )
      .and.greaterThan(0);
  });
});
