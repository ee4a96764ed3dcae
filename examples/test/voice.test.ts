import { expect } from 'chai';
import type { MlflowSpan } from 'opentelemetry-exporter-mlflow';
import { type ExampleRun, outline, runExample } from './run-example.js';

interface Block {
  text?: string;
  toolUse?: { name: string; input: unknown };
  toolResult?: { content: { text: string }[] };
}

function sessionOf({ traces }: ExampleRun): MlflowSpan {
  return traces[0]?.spans.find(({ type }) => type === 'CHAT_MODEL') ?? expect.fail('no span of the session');
}

describe('example voice', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['voice']);
  });

  it('prints what the model heard and said', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.match(/^> Hello\nHello! How can I help you today\?/m);
    expect(run.output).to.match(
      /^> What is the weather in Paris\?\nHere is what I found\. Paris: sky light rain, celsius 11\./m,
    );
    expect(run.output).to.match(/^The model spoke for \d+\.\d s\.$/m);
  });

  it('leaves one trace: the session and the run of the tool', () => {
    expect(run.traces).to.have.length(1);
    const [trace] = run.traces;
    expect(trace && outline(trace)).to.have.members([
      'AGENT voice assistant',
      '  CHAT_MODEL chat amazon.nova-sonic-v1:0',
      '  TOOL execute_tool get_weather',
    ]);
    expect(trace?.info.state).to.equal('OK');
  });

  it('records the session as a chat, in its order', () => {
    const span = sessionOf(run);
    const { messages } = span.inputs as { messages: { role: string; content: Block[] }[] };
    const shown = messages.map(({ role, content: [block] }) => [role, Object.keys(block ?? {})[0]]);
    expect(shown).to.deep.equal([
      ['system', 'text'],
      ['user', 'text'],
      ['assistant', 'text'],
      ['user', 'text'],
      ['assistant', 'toolUse'],
      ['user', 'toolResult'],
    ]);
    expect(messages[4]?.content[0]?.toolUse).to.deep.include({ name: 'get_weather', input: { city: 'Paris' } });
    const { output } = span.outputs as { output: { message: { role: string; content: Block[] } } };
    expect(output.message.role).to.equal('assistant');
    expect(output.message.content[0]?.text).to.match(/^Here is what I found\. Paris: sky light rain/);
    expect(span.attributes).to.include({ 'mlflow.message.format': 'bedrock', 'aws.bedrock.voice.id': 'matthew' });
  });

  it('has the tokens of text and speech, an event for each turn, and the session in MLflow', () => {
    const { info } = run.traces[0] ?? expect.fail('no trace');
    const span = sessionOf(run);
    const figure = (name: string): number => Number(span.attributes[`gen_ai.usage.${name}_tokens`]);
    expect(figure('text.input') + figure('audio.input')).to.equal(figure('input'));
    expect(figure('text.output') + figure('audio.output')).to.equal(figure('output'));
    expect(figure('audio.output')).to.be.greaterThan(0);
    expect(info.tokenUsage).to.include({ inputTokens: figure('input'), outputTokens: figure('output') });
    expect(info.sessionId).to.equal(span.attributes['gen_ai.conversation.id']);
    const kinds = span.events.map(({ name }) => name.split('.').at(-1));
    expect(kinds).to.deep.equal(['turn', 'turn', 'turn', 'tool_call', 'tool_result', 'turn']);
    const record = JSON.stringify([
      span.attributes,
      span.inputs,
      span.outputs,
      span.events.map((event) => event.attributes),
    ]);
    expect(record).to.not.include('AAAAAAAA');
  });
});
