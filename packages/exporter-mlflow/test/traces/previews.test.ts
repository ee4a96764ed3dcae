import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import {
  assistantText,
  isChatSpan,
  lastUserText,
  requestPreview,
  responsePreview,
} from '../../src/export/trace/previews.js';

describe('previews', () => {
  it('show the last text of the user, not results of tools', () => {
    const messages = [
      { role: 'user', parts: [{ type: 'text', content: 'Weather in Paris?' }] },
      { role: 'assistant', parts: [{ type: 'tool_call', name: 'get_weather', arguments: { city: 'Paris' } }] },
      { role: 'user', parts: [{ type: 'tool_call_response', id: '1', response: 'sunny' }] },
    ];
    expect(requestPreview({ 'gen_ai.input.messages': JSON.stringify(messages) })).to.equal('Weather in Paris?');
  });

  it('show the answer without its reasoning', () => {
    const parts = [
      { type: 'reasoning', content: 'hm' },
      { type: 'text', content: 'Sunny.' },
      { type: 'text', content: 'Warm.' },
    ];
    expect(responsePreview({ 'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts }]) })).to.equal(
      'Sunny.\nWarm.',
    );
  });

  it('show the answer without the copy of its reasoning that MLflow’s page shows', () => {
    const content = [{ text: 'Sunny.' }, { text: '**Reasoning**\n\n> hm', shows: 'reasoningContent' }];
    const outputs = { output: { message: { role: 'assistant', content } } };
    expect(responsePreview({ 'mlflow.spanOutputs': JSON.stringify(outputs) })).to.equal('Sunny.');
  });

  it('show all digits of the integers in a call', () => {
    const input = '{"id":9007199254740993,"text":"say \\"9007199254740993\\"","price":1.5}';
    const recorded = `[{"role":"assistant","parts":[{"type":"tool_call","name":"pay","arguments":${input}}]}]`;
    expect(responsePreview({ 'gen_ai.output.messages': recorded })).to.equal(
      'pay({"id":"9007199254740993","text":"say \\"9007199254740993\\"","price":1.5})',
    );
  });

  it('show the called tools if there is no text', () => {
    const call = 'get_weather({"city":"Paris"})';
    const input = { city: 'Paris' };
    expect(assistantText([{ parts: [{ type: 'tool_call', name: 'get_weather', arguments: input }] }])).to.equal(call);
    expect(
      assistantText({
        output: { message: { content: [{ toolUse: { toolUseId: '1', name: 'get_weather', input } }] } },
      }),
    ).to.equal(call);
    expect(assistantText({ content: [{ type: 'tool_use', name: 'get_weather', input }] })).to.equal(call);
    const openAi = {
      tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }],
      content: null,
    };
    expect(assistantText({ choices: [{ message: openAi }] })).to.equal(call);
    expect(assistantText([{ parts: [{ type: 'tool_call', name: 'ping' }] }])).to.equal('ping({})');
  });

  it('show the last message of an agent that returns its whole conversation', () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello.' },
    ];
    expect(responsePreview({ 'mlflow.spanOutputs': JSON.stringify({ messages }) })).to.equal('Hello.');
  });

  it('read requests and responses of chat APIs', () => {
    expect(lastUserText({ modelId: 'm', messages: [{ role: 'user', content: [{ text: 'Hi' }] }] })).to.equal('Hi');
    expect(lastUserText({ messages: [{ role: 'user', content: 'Hi' }] })).to.equal('Hi');
    expect(lastUserText({ body: '{"messages":[{"role":"user","content":"Hi"}]}' })).to.equal('Hi');
    expect(assistantText({ output: { message: { role: 'assistant', content: [{ text: 'Hello' }] } } })).to.equal(
      'Hello',
    );
    expect(assistantText({ choices: [{ message: { role: 'assistant', content: 'Hello' } }] })).to.equal('Hello');
    expect(assistantText({ body: { content: [{ type: 'text', text: 'Hello' }] } })).to.equal('Hello');
  });

  it('read requests and answers of the Responses API', () => {
    const input = [
      { role: 'user', content: [{ type: 'input_text', text: 'Weather in Paris?' }] },
      { type: 'function_call', call_id: 'c1', name: 'get_weather', arguments: '{"city":"Paris"}' },
      { type: 'function_call_output', call_id: 'c1', output: 'sunny' },
    ];
    expect(lastUserText({ model: 'm', input })).to.equal('Weather in Paris?');
    expect(lastUserText({ model: 'm', input: 'Hi' })).to.equal('Hi');
    const reasoning = { type: 'reasoning', id: 'rs_1', content: [{ type: 'reasoning_text', text: 'hm' }] };
    const message = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Sunny.' }] };
    expect(assistantText({ object: 'response', output: [reasoning, message] })).to.equal('Sunny.');
    expect(assistantText({ object: 'response', output: [reasoning, input[1]] })).to.equal(
      'get_weather({"city":"Paris"})',
    );
  });

  it('show the prompt of the AI SDK, whatever its form', () => {
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }];
    for (const prompt of [{ prompt: 'Hi' }, { prompt: messages }, { messages }, messages]) {
      expect(requestPreview({ 'ai.prompt': JSON.stringify(prompt) }), JSON.stringify(prompt)).to.equal('Hi');
    }
  });

  it('show the recorded value if it is not a chat', () => {
    expect(requestPreview({ 'mlflow.spanInputs': '{"input":"Hi"}' })).to.equal('{"input":"Hi"}');
    expect(requestPreview({ 'mlflow.spanInputs': '{"q":"q"}' })).to.equal('{"q":"q"}');
    expect(responsePreview({ 'mlflow.spanOutputs': '"done"' })).to.equal('done');
    expect(responsePreview({ 'mlflow.spanOutputs': 'done' })).to.equal('done');
    expect(requestPreview({ 'input.value': 'plain' })).to.equal('plain');
    expect(requestPreview({ 'http.method': 'GET' })).to.equal(undefined);
  });

  it('survive any value', () => {
    const values = [null, 1, 'x', [], {}, [null], { messages: [null, 'x', { role: 'user', content: [null, 1, {}] }] }];
    for (const value of [
      ...values,
      { content: 5 },
      { choices: [null] },
      { output: { message: null } },
      { body: '{' },
    ]) {
      expect(() => [lastUserText(value), assistantText(value)], JSON.stringify(value)).not.to.throw();
    }
  });

  it('recognize a model call by its operation or its type', () => {
    expect(isChatSpan({ 'gen_ai.operation.name': 'chat' })).to.equal(true);
    expect(isChatSpan({ 'gen_ai.operation.name': 'execute_tool', 'mlflow.spanType': 'LLM' })).to.equal(false);
    expect(isChatSpan({ 'mlflow.spanType': '"CHAT_MODEL"' })).to.equal(true);
    expect(isChatSpan({})).to.equal(false);
  });

  it('read what MLflow’s own Bedrock tracing records', () => {
    const folder = resolve(import.meta.dirname, '../../../../examples/test/golden');
    for (const file of readdirSync(folder).filter((name) => /^converse(?!_error)/.test(name))) {
      const { data } = JSON.parse(readFileSync(resolve(folder, file), 'utf8')) as {
        data: { spans: { attributes: Record<string, string> }[] };
      };
      for (const { attributes } of data.spans) {
        expect(requestPreview(attributes), file).to.be.a('string').that.does.not.match(/^[{[]/);
        expect(responsePreview(attributes), file).to.be.a('string').that.does.not.match(/^[{[]/);
      }
    }
  });
});
