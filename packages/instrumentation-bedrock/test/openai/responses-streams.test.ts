/** Streams of OpenAI's Responses API with rare events, and streams that end too early. */

import { expect } from 'chai';
import type { JsonObject } from '../../src/data/json.js';
import { combineUsage } from '../../src/data/usage.js';
import { createFold } from '../../src/dialects/index.js';
import { openAiResponses } from '../../src/dialects/openai/responses.js';

const { readOutput, readResponse } = openAiResponses;

describe('a stream of the Responses API', () => {
  const created = {
    type: 'response.created',
    response: { id: 'resp_1', model: 'm', status: 'in_progress', output: [] },
  };
  const event = (type: string, members: JsonObject): JsonObject => ({
    ...{ type: `response.${type}`, output_index: 0, content_index: 0, summary_index: 0 },
    ...members,
  });

  function foldOf(events: readonly JsonObject[], content = true) {
    const fold = createFold(openAiResponses, { content, maxLength: 100_000 });
    for (const each of events) fold.add(each);
    return fold;
  }

  it('adds up to its items if it ends before they are done', () => {
    const fold = foldOf([
      created,
      event('output_item.added', { item: { id: 'rs_1', type: 'reasoning', summary: [] } }),
      event('reasoning_summary_part.added', { part: { type: 'summary_text', text: '' } }),
      event('reasoning_summary_text.delta', { delta: 'Two ' }),
      event('reasoning_summary_text.delta', { delta: 'tools.' }),
      event('output_item.added', { output_index: 1, item: { id: 'msg_1', type: 'message', role: 'assistant' } }),
      event('content_part.added', { output_index: 1, part: { type: 'output_text', text: '', annotations: [] } }),
      event('output_text.delta', { output_index: 1, delta: 'Hi' }),
      event('output_text.annotation.added', { output_index: 1, annotation: { title: 'Tides' } }),
      event('refusal.delta', { output_index: 1, content_index: 1, delta: 'No' }),
      event('output_item.added', { output_index: 2, item: { type: 'function_call', call_id: 'c', name: 'tide' } }),
      event('function_call_arguments.delta', { output_index: 2, delta: '{"city":' }),
      event('custom_tool_call_input.delta', { output_index: 3, delta: 'SELECT' }),
    ]);
    expect(fold.isComplete()).to.equal(false);
    expect(fold.body()).to.deep.equal({
      ...{ id: 'resp_1', model: 'm', status: 'in_progress' },
      output: [
        { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Two tools.' }] },
        {
          ...{ id: 'msg_1', type: 'message', role: 'assistant' },
          content: [
            { type: 'output_text', text: 'Hi', annotations: [{ title: 'Tides' }] },
            { type: 'refusal', refusal: 'No' },
          ],
        },
        { type: 'function_call', call_id: 'c', name: 'tide', arguments: '{"city":' },
        { type: 'custom_tool_call', input: 'SELECT' },
      ],
    });
    expect(readOutput(fold.body() ?? {})[0]?.finish_reason).to.equal('error');
  });

  it('has items without an event that opens them', () => {
    const fold = foldOf([
      event('output_text.delta', { delta: 'Hi' }),
      event('reasoning_text.delta', { output_index: 1, delta: 'Hm' }),
    ]);
    expect(fold.body()).to.deep.equal({
      output: [
        { type: 'message', content: [{ type: 'output_text', text: 'Hi' }] },
        { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'Hm' }] },
      ],
    });
  });

  it('keeps what has arrived if an event lacks its delta, its part, its item or its annotation', () => {
    const fold = foldOf([
      event('output_item.added', {}),
      event('output_text.delta', { delta: 'Hi' }),
      event('output_text.delta', {}),
      event('output_text.annotation.added', {}),
      event('content_part.done', {}),
      event('output_item.done', {}),
      event('output_item.done', { output_index: 1 }),
    ]);
    expect(fold.body()).to.deep.equal({
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }, {}],
    });
  });

  it('takes whole parts and whole items in the place of their pieces', () => {
    const item = { id: 'msg_1', type: 'message', content: [{ type: 'output_text', text: 'All of it' }] };
    const pieces = [created, event('output_text.delta', { delta: 'All' })];
    const part = event('content_part.done', { part: { type: 'output_text', text: 'All of it' } });
    expect(foldOf([...pieces, part]).body()?.['output']).to.deep.equal([{ type: item.type, content: item.content }]);
    const done = event('output_item.done', { item });
    const late = event('output_text.delta', { delta: ' and more' });
    expect(foldOf([...pieces, part, done, late]).body()?.['output']).to.deep.equal([item]);
  });

  it('is the answer of its closing event, with the items that this event lacks', () => {
    const item = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] };
    const usage = { input_tokens: 3, output_tokens: 1 };
    const closing = (output: JsonObject[]): JsonObject => ({
      type: 'response.completed',
      response: { id: 'resp_1', status: 'completed', output, usage },
    });
    for (const last of [closing([item]), closing([])]) {
      const fold = foldOf([created, event('output_item.done', { item }), last]);
      expect(fold.isComplete()).to.equal(true);
      expect(fold.body()).to.deep.equal({ id: 'resp_1', status: 'completed', output: [item], usage });
    }
  });

  it('has output tokens only if its closing event states them', () => {
    const usage = {
      input_tokens: 5,
      output_tokens: 1,
      output_tokens_details: { reasoning_tokens: 1 },
      total_tokens: 6,
    };
    const opened = { type: 'response.created', response: { ...created.response, usage } };
    for (const content of [true, false]) {
      const fold = foldOf([opened, event('output_text.delta', { delta: 'Hi' })], content);
      expect(readResponse(fold.body() ?? {}).usage).to.include({ inputTokens: 5, outputTokens: undefined });
      expect(readResponse(fold.body() ?? {}).usage).to.include({ totalTokens: undefined, reasoningTokens: undefined });
      fold.add({ type: 'response.completed', response: { id: 'resp_1', status: 'completed', usage } });
      expect(readResponse(fold.body() ?? {}).usage).to.include({ inputTokens: 5, outputTokens: 1, totalTokens: 6 });
    }
  });

  it('keeps its id if the closing event has no answer', () => {
    const fold = foldOf([created, { type: 'response.completed' }]);
    expect(readResponse(fold.body() ?? {})).to.include({ id: 'resp_1', model: 'm' });
    expect(fold.isComplete()).to.equal(true);
  });

  it('stays complete if an earlier event comes after its closing event', () => {
    const response = { id: 'resp_1', status: 'completed', output: [{ type: 'message', content: 'Hi' }] };
    const fold = foldOf([created, { type: 'response.completed', response }, created]);
    expect(fold.body()).to.deep.equal(response);
    expect(fold.isComplete()).to.equal(true);
  });

  it('keeps no content if none is recorded', () => {
    const secret = 'The secret of the harbour.';
    const item = { type: 'message', content: [{ type: 'output_text', text: secret }] };
    const response = {
      ...{ id: 'resp_1', model: 'm', status: 'failed', instructions: secret, output: [item], metadata: { a: secret } },
      ...{ error: { code: 'server_error', message: secret }, usage: { input_tokens: 3 } },
    };
    const events = [
      created,
      event('output_text.delta', { delta: secret }),
      event('output_item.done', { item }),
      { type: 'response.failed', response },
    ];
    const body = foldOf(events, false).body();
    expect(JSON.stringify(body)).to.not.include('secret');
    expect(body).to.deep.include({ id: 'resp_1', status: 'failed', usage: { input_tokens: 3 } });
    expect(body?.['error']).to.deep.equal({ code: 'server_error' });
  });

  it('is cut at the limit, with the figures of its closing event', () => {
    const deltas = Array.from({ length: 4_000 }, () => event('output_text.delta', { delta: 'many words '.repeat(5) }));
    const response = { id: 'resp_1', status: 'completed', output: [], usage: { input_tokens: 3, output_tokens: 9 } };
    const body = foldOf([created, ...deltas, { type: 'response.completed', response }]).body() ?? {};
    expect(JSON.stringify(body)).to.have.length.below(150_000).and.include('more chunks not recorded]');
    expect(readResponse(body)).to.deep.include({ id: 'resp_1', finishReasons: ['completed'] });
    expect(combineUsage([readResponse(body).usage])).to.include({ inputTokens: 3, outputTokens: 9 });
  });
});
