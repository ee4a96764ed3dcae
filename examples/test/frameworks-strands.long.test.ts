import { expect } from 'chai';
import { newerNode } from 'testing/npm.js';
import { type ExampleRun, outline, runExample, sumOf } from './run-example.js';

const CYCLE = ['  CHAIN execute_agent_loop_cycle', '    CHAT_MODEL chat', '      CHAT_MODEL chat amazon.nova-pro-v1:0'];
const TOOL = '    TOOL execute_tool get_weather';

describe('example frameworks/strands', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['frameworks/strands'], {}, await newerNode());
  });

  it('prints both answers', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.match(/^Here is what I found\. Paris: sky light rain, celsius 11\. Tokyo: sky sunny/m);
    expect(run.output).to.match(/^The capital of France is Paris\./m);
  });

  it('leaves one trace per question, with the calls to Bedrock under the model spans of Strands', () => {
    // The order is not checked, because spans that start within one millisecond have the same time.
    const [weather = [], capital = [], ...others] = run.traces.map((trace) => outline(trace));
    expect(weather).to.have.members(['AGENT invoke_agent travel-agent', ...CYCLE, TOOL, TOOL, ...CYCLE]);
    expect(capital).to.have.members(['AGENT invoke_agent travel-agent', ...CYCLE]);
    expect(others).to.deep.equal([]);
  });

  it('counts the tokens of each trace once, with the figures from Bedrock', () => {
    for (const { info, spans } of run.traces) {
      const counting = spans.filter(({ tokenUsage }) => tokenUsage);
      expect(counting.map(({ name }) => name)).to.deep.equal(
        spans.map(({ name }) => name).filter((name) => name === 'chat amazon.nova-pro-v1:0'),
      );
      expect(info.tokenUsage).to.deep.equal({
        inputTokens: sumOf(counting, ({ outputs }) => bedrockUsage(outputs)?.inputTokens),
        outputTokens: sumOf(counting, ({ outputs }) => bedrockUsage(outputs)?.outputTokens),
        totalTokens: sumOf(counting, ({ outputs }) => bedrockUsage(outputs)?.totalTokens),
      });
      expect(info.cost?.totalCost)
        .to.be.closeTo(
          sumOf(counting, ({ cost }) => cost?.totalCost),
          1e-12,
        )
        .and.greaterThan(0);
    }
  });

  it('records questions, answers, tool results and the streamed answer', () => {
    const [weather] = run.traces;
    expect(weather?.info).to.include({
      state: 'OK',
      sessionId: 'example-session',
      userId: 'example-user',
      requestPreview: 'What is the weather in Paris and Tokyo?',
    });
    expect(weather?.info.responsePreview).to.match(/^Here is what I found\./);
    const tool = weather?.spans.find(({ name }) => name === 'execute_tool get_weather');
    expect(tool?.inputs).to.have.nested.property('[0].parts[0].arguments.city', 'Paris');
    expect(tool?.outputs).to.have.nested.property('[0].parts[0].response[0].json.sky', 'light rain');
    expect(weather?.spans[0]?.outputs).to.have.nested.property('[0].parts[0].content', weather?.info.responsePreview);
    const call = weather?.spans.find(({ name }) => name === 'chat amazon.nova-pro-v1:0');
    expect(call?.events.map(({ name }) => name)).to.include.members(['contentBlockDelta', 'messageStop', 'metadata']);
  });
});

interface Usage {
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
}

/** Returns the figures in Bedrock's answer. */
function bedrockUsage(outputs: unknown): Usage | undefined {
  return (outputs as { usage?: Usage } | undefined)?.usage;
}
