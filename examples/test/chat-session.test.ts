import { expect } from 'chai';
import type { MlflowSpan } from 'opentelemetry-exporter-mlflow';
import { type ExampleRun, outline, runExample, runExampleScript, testClient } from './run-example.js';

const QUESTIONS = ['What is the capital of Kenya?', 'What is 12 * 4?', 'What was my first question?'];

interface ChatMessage {
  role: string;
  content: { text: string }[];
}

function messagesOf(span: MlflowSpan | undefined): ChatMessage[] {
  return (span?.inputs as { messages: ChatMessage[] } | undefined)?.messages ?? [];
}

function sessionOf(output: string): string {
  return /^Session (\S+)$/m.exec(output)?.[1] ?? expect.fail(output);
}

describe('example chat-session', function () {
  this.timeout(120_000);
  let run: ExampleRun;
  let session: string;

  before(async () => {
    run = await runExample(['chat-session']);
    session = sessionOf(run.output);
  });

  it('answers each turn, even a question about earlier turns', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.match(/^> What is the capital of Kenya\?\nThe capital of Kenya is Nairobi\./m);
    expect(run.output).to.match(/^> What was my first question\?\nYour first question was: "What is the capital of K/m);
  });

  it('leaves a trace of each turn, in their order, in the printed session', async () => {
    const { traces } = await (await testClient()).searchTraces({
      experimentIds: [run.traces[0]?.info.experimentId ?? ''],
      filter: `metadata.\`mlflow.trace.session\` = '${session}'`,
      orderBy: ['timestamp_ms ASC'],
    });
    expect(traces.map(({ requestPreview }) => requestPreview)).to.deep.equal(
      QUESTIONS.map((question) => JSON.stringify({ question })),
    );
    expect(traces.map(({ traceId }) => traceId)).to.deep.equal(run.traces.map(({ info }) => info.traceId));
    for (const { userId, state } of traces)
      expect({ userId, state }).to.include({ userId: 'example-user', state: 'OK' });
  });

  it('leaves its traces in the experiment of all examples if none is named', async () => {
    const { output } = await runExampleScript(['chat-session', 'Hello'], { MLFLOW_EXPERIMENT_NAME: undefined });
    const client = await testClient();
    const experiment = await client.getExperimentByName('bedrock-examples');
    const { traces } = await client.searchTraces({
      experimentIds: [experiment?.experimentId ?? ''],
      filter: `metadata.\`mlflow.trace.session\` = '${sessionOf(output)}'`,
    });
    expect(traces).to.have.length(1);
  });

  it('sends the conversation so far with each turn', () => {
    const conversations = run.traces.map((trace) => {
      expect(outline(trace)).to.deep.equal(['CHAIN chat turn', '  CHAT_MODEL chat amazon.nova-lite-v1:0']);
      return messagesOf(trace.spans[1]);
    });
    expect(conversations.map(({ length }) => length)).to.deep.equal([1, 3, 5]);
    const [, , last = []] = conversations;
    expect(last.map(({ role }) => role)).to.deep.equal(['user', 'assistant', 'user', 'assistant', 'user']);
    expect([0, 2, 4].map((index) => last[index]?.content[0]?.text)).to.deep.equal(QUESTIONS);
  });

  it('counts the tokens of each turn once, with more tokens in each turn', () => {
    const usages = run.traces.map(({ info, spans }) => {
      expect(spans[1]?.attributes['gen_ai.response.finish_reasons']).to.deep.equal(['end_turn']);
      expect(info.tokenUsage).to.deep.equal(spans[1]?.tokenUsage);
      return info.tokenUsage?.inputTokens ?? 0;
    });
    expect(usages).to.have.length(3);
    expect(usages).to.deep.equal([...new Set(usages)].sort((a, b) => a - b));
    expect(usages[0]).to.be.greaterThan(0);
  });
});
