/** Chats by the GenAI conventions, in the form that MLflow's chat view reads. */

import type { Attributes } from '@opentelemetry/api';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { translateChat } from '../../src/export/span/conventions/chat.js';
import { MlflowClient, type MlflowSpan, MlflowSpanExporter } from '../../src/index.js';
import { exportSpans, MODEL, recordSpans, uniqueName } from '../support/tracing.js';

const text = (content: string) => ({ type: 'text', content });
const result = (id: string, response: unknown) => ({ type: 'tool_call_response', id, response });
const question = { role: 'user', parts: [text('How is the weather in Paris and Tokyo?')] };
const instructions = [text('Never guess the weather.')];
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const description = 'The current weather in a city.';

function chat(messages: readonly object[], more: Attributes = {}): Attributes {
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': MODEL,
    'gen_ai.input.messages': JSON.stringify(messages),
    ...more,
  };
}

describe('chats by the GenAI conventions', () => {
  it('start with the system prompt, and show each result of tools that ran side by side', async () => {
    const answers = { role: 'tool', parts: [result('1', { report: 'rain' }), result('2', { report: 'sun' })] };
    const { inputs } = await stored(
      chat([question, answers], { 'gen_ai.system_instructions': JSON.stringify(instructions) }),
    );
    expect(inputs).to.deep.equal([
      { role: 'system', parts: instructions },
      question,
      { role: 'tool', parts: [result('1', { report: 'rain' })] },
      { role: 'tool', parts: [result('2', { report: 'sun' })] },
    ]);
  });

  it('have their tools in the shape of OpenAI, whichever member holds the parameters', async () => {
    const tools = ['parameters', 'inputSchema', 'input_schema'].map((member) => ({
      type: 'function',
      name: `get_weather_${member}`,
      description,
      [member]: parameters,
    }));
    const { attributes } = await stored(chat([question], { 'gen_ai.tool.definitions': JSON.stringify(tools) }));
    expect(attributes['mlflow.chat.tools']).to.deep.equal(
      tools.map(({ name }) => ({ type: 'function', function: { name, description, parameters } })),
    );
  });

  it('keep the digits of ids in tool results', () => {
    const [first, second] = ['12345678901234567890', '"sunny"'].map(
      (response) => `{"type":"tool_call_response","id":"1","response":${response}}`,
    );
    const messages = `[{"role":"tool","parts":[${first},${second}]}]`;
    const translated = translateChat({ 'gen_ai.input.messages': messages });
    expect(translated?.['gen_ai.input.messages']).to.contain('12345678901234567890');
  });

  it('stay the same if they have nothing to add, or if MLflow has inputs and tools of its own', () => {
    const system = { 'gen_ai.system_instructions': JSON.stringify(instructions) };
    for (const attributes of [
      {},
      chat([question]),
      chat([
        { role: 'tool', parts: [result('1', 'rain')] },
        { role: 'tool', parts: [result('2', 'sun')] },
      ]),
      chat([{ role: 'tool', parts: [result('1', 'rain'), text('and'), result('2', 'sun')] }]),
      chat([{ role: 'system', parts: instructions }, question], system),
      chat([question], { 'gen_ai.system_instructions': 'no JSON', 'gen_ai.tool.definitions': '{"name":"no list"}' }),
      chat([question], { 'gen_ai.system_instructions': '[]', 'gen_ai.tool.definitions': '[{"type":"web_search"}]' }),
      { ...chat([question], system), 'mlflow.spanInputs': '{}' },
      { ...chat([question]), 'gen_ai.tool.definitions': '[{"name":"a"}]', 'mlflow.chat.tools': '[]' },
      { ...system, 'gen_ai.input.messages': 'plain text' },
      { ...system, 'gen_ai.input.messages': ['a list'] },
    ]) {
      expect(translateChat(attributes), JSON.stringify(attributes)).to.equal(undefined);
    }
  });

  it('have the system prompt alone if there is no message', () => {
    const translated = translateChat({
      'gen_ai.input.messages': ' [ ] ',
      'gen_ai.system_instructions': JSON.stringify(instructions),
    });
    expect(JSON.parse(String(translated?.['gen_ai.input.messages']))).to.deep.equal([
      { role: 'system', parts: instructions },
    ]);
  });
});

/** Sends a span to a real server and reads it back. */
async function stored(attributes: Attributes): Promise<MlflowSpan> {
  const { url } = await testServer();
  const exporter = new MlflowSpanExporter({ trackingUri: url, experimentName: uniqueName('chat') });
  const spans = recordSpans((tracer) => tracer.startSpan('chat', { attributes }).end());
  await exportSpans(exporter, spans);
  await exporter.shutdown();
  const client = new MlflowClient({ trackingUri: url });
  const trace = await client.getTrace(`tr-${spans[0]?.spanContext().traceId}`);
  await client.close();
  const [span] = trace.spans;
  if (span === undefined) throw new Error('The trace has no span.');
  return span;
}
