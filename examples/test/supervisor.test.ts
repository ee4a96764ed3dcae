import { expect } from 'chai';
import type { MlflowSpan } from 'opentelemetry-exporter-mlflow';
import { type ExampleRun, runExample, sumOf } from './run-example.js';

describe('example supervisor', function () {
  this.timeout(120_000);
  let run: ExampleRun;
  let spans: MlflowSpan[];

  before(async () => {
    run = await runExample(['supervisor']);
    spans = run.traces[0]?.spans ?? [];
  });

  /** Returns names without their order, because spans that start within one millisecond have the same time. */
  function childrenOf(spanId: string | undefined): string[] {
    return spans.filter(({ parentSpanId }) => parentSpanId === spanId).map(({ type, name }) => `${type} ${name}`);
  }

  it('answers from the reports of the agents', () => {
    expect(run.code, run.output).to.equal(0);
    const [, answer = ''] = run.output.trim().split('\n');
    for (const report of ['light rain, 11 degrees', 'sunny, 19 degrees', 'jazz on the canal', 'a lantern market']) {
      expect(answer).to.contain(report);
    }
  });

  it('leaves one trace of the supervisor, its model calls, and each agent with its calls and tools', () => {
    expect(run.traces).to.have.length(1);
    const root = spans[0]?.spanId;
    expect(spans[0]).to.include({ type: 'AGENT', name: 'supervisor' });
    expect(spans[0]?.parentSpanId).to.equal(undefined);
    expect(childrenOf(root)).to.have.members([
      ...repeat(3, 'CHAT_MODEL chat amazon.nova-pro-v1:0'),
      ...repeat(2, 'AGENT weather_agent'),
      ...repeat(2, 'AGENT events_agent'),
    ]);
    for (const [agent, tool] of [
      ['weather_agent', 'get_weather'],
      ['events_agent', 'list_events'],
    ]) {
      for (const { spanId } of spans.filter(({ name }) => name === agent)) {
        expect(childrenOf(spanId)).to.have.members([
          ...repeat(2, 'CHAT_MODEL chat amazon.nova-lite-v1:0'),
          `TOOL ${tool}`,
        ]);
      }
    }
    expect(spans).to.have.length(20);
  });

  it('runs the tools of one answer side by side', () => {
    for (const agent of ['weather_agent', 'events_agent']) {
      const [first, second] = spans.filter(({ name }) => name === agent);
      expect(first?.endTimeUnixNano && second && first.endTimeUnixNano > second.startTimeUnixNano, agent).to.equal(
        true,
      );
    }
  });

  it('shows task and report of each agent and the finish reason of each model call', () => {
    const reports = spans
      .filter(({ name }) => name === 'weather_agent')
      .map(({ inputs, outputs }) => ({ inputs, outputs }));
    expect(reports.map(({ inputs }) => inputs)).to.have.deep.members([
      { task: 'What is the weather in Paris this weekend?' },
      { task: 'What is the weather in Tokyo this weekend?' },
    ]);
    for (const { outputs } of reports) expect(outputs).to.match(/light rain, 11 degrees|sunny, 19 degrees/);
    const root = spans[0]?.spanId;
    expect(
      spans.filter(({ type, parentSpanId }) => type === 'CHAT_MODEL' && parentSpanId === root).map(finishReasons),
    ).to.deep.equal([['tool_use'], ['tool_use'], ['end_turn']]);
  });

  it('counts tokens and cost of every model call once', () => {
    const { info } = run.traces[0] ?? expect.fail('no trace');
    expect(spans.filter(({ tokenUsage }) => tokenUsage).map(({ type }) => type)).to.deep.equal(
      repeat(11, 'CHAT_MODEL'),
    );
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

function finishReasons({ attributes }: MlflowSpan): unknown {
  return attributes['gen_ai.response.finish_reasons'];
}

function repeat(times: number, text: string): string[] {
  return Array.from({ length: times }, () => text);
}
