/** The formats of OpenAI's Responses API and embeddings, with every kind of item. */

import { expect } from 'chai';
import type { JsonObject } from '../../src/data/json.js';
import { combineUsage } from '../../src/data/usage.js';
import { openAiEmbeddings } from '../../src/dialects/openai/embeddings.js';
import { openAiResponses } from '../../src/dialects/openai/responses.js';

const { readInput, readOutput, readParameters, readResponse, readTools } = openAiResponses;

/** The parts of an answer that has these items. */
function partsOf(...output: JsonObject[]): unknown {
  return readOutput({ status: 'completed', output })[0]?.parts;
}

describe('a request of the Responses API', () => {
  it('is a text with instructions', () => {
    expect(readInput({ input: 'When is high tide?', instructions: 'Answer in one word.' })).to.deep.include({
      messages: [{ role: 'user', parts: [{ type: 'text', content: 'When is high tide?' }] }],
      systemInstructions: [{ type: 'text', content: 'Answer in one word.' }],
    });
  });

  it('is a list of items, of which those of one turn of the assistant are one message', () => {
    const { messages } = readInput({
      input: [
        { role: 'developer', content: 'Be kind.' },
        { role: 'user', content: [{ type: 'input_text', text: 'Tide and wind in Oslo?' }] },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Two tools.' }] },
        { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'tide', arguments: '{"city":"Oslo"}' },
        { type: 'function_call', id: 'fc_2', call_id: 'c2', name: 'wind', arguments: '{}', status: 'completed' },
        { type: 'function_call_output', call_id: 'c1', output: 'high' },
        { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'calm' }] },
        { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'High and calm.' }] },
        { role: 'user', content: 'Thanks' },
      ],
    });
    expect(messages).to.deep.equal([
      { role: 'developer', parts: [{ type: 'text', content: 'Be kind.' }] },
      { role: 'user', parts: [{ type: 'text', content: 'Tide and wind in Oslo?' }] },
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'Two tools.' },
          { type: 'tool_call', id: 'c1', name: 'tide', arguments: { city: 'Oslo' } },
          { type: 'tool_call', id: 'c2', name: 'wind', arguments: {} },
        ],
      },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: 'high' }] },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c2', response: 'calm' }] },
      { role: 'assistant', parts: [{ type: 'text', content: 'High and calm.' }] },
      { role: 'user', parts: [{ type: 'text', content: 'Thanks' }] },
    ]);
  });

  it('has images and files: in data URLs, at addresses, or uploaded before', () => {
    const content = [
      { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
      { type: 'input_image', image_url: 'https://a.example/b.png' },
      { type: 'input_image', file_id: 'file-1' },
      { type: 'input_file', filename: 'tides.pdf', file_data: 'data:application/pdf;base64,BBBB' },
      { type: 'input_file', file_url: 'https://a.example/c.pdf' },
      { type: 'input_audio', input_audio: { data: 'CCCC', format: 'wav' } },
    ];
    expect(readInput({ input: [{ role: 'user', content }] }).messages[0]?.parts).to.deep.equal([
      { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'AAAA' },
      { type: 'uri', modality: 'image', uri: 'https://a.example/b.png' },
      { type: 'file', modality: 'image', file_id: 'file-1' },
      { type: 'blob', modality: 'document', mime_type: 'application/pdf', content: 'BBBB', filename: 'tides.pdf' },
      { type: 'uri', modality: 'document', uri: 'https://a.example/c.pdf' },
      { type: 'blob', modality: 'audio', mime_type: 'audio/wav', content: 'CCCC' },
    ]);
  });

  it('has items with members that are rare or missing', () => {
    const texts = [
      { type: 'input_text', text: 'high' },
      { type: 'input_text', text: 'calm' },
    ];
    const { messages } = readInput({
      input: [
        { role: 'user', content: '' },
        { role: 'user', content: [{ type: 'input_text' }, { type: 'scan', page: 'first' }, { type: 'input_file' }] },
        { type: 'function_call_output', call_id: 'c1', output: texts },
        { type: 'function_call_output', call_id: 'c2' },
      ],
    });
    expect(messages).to.deep.equal([
      { role: 'user', parts: [] },
      {
        role: 'user',
        parts: [
          { type: 'text', content: '' },
          { type: 'scan', page: 'first' },
          { type: 'file', modality: 'document', file_id: '' },
        ],
      },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: texts }] },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c2', response: null }] },
    ]);
  });

  it('has parameters under their own names', () => {
    const parameters = readParameters({
      ...{ max_output_tokens: 50, temperature: 0.2, top_p: 0.9, service_tier: 'flex', tool_choice: 'required' },
      ...{ reasoning: { effort: 'low' }, text: { format: { type: 'json_schema', name: 'tide', schema: {} } } },
    });
    const { reasoningBudget: _, ...known } = parameters;
    expect(known).to.deep.equal({
      ...{ maxTokens: 50, temperature: 0.2, topP: 0.9, serviceTier: 'flex', toolChoice: 'required' },
      ...{ reasoningLevel: 'low', outputType: 'json' },
    });
  });

  it('has functions, custom tools and tools that the service runs', () => {
    const tools = readTools({
      tools: [
        { type: 'function', name: 'tide', description: 'Tides', parameters: { type: 'object' }, strict: true },
        { type: 'custom', name: 'sql', format: { type: 'text' } },
        { type: 'web_search', search_context_size: 'low' },
        { type: 'mcp', server_label: 'harbour', server_url: 'https://mcp.example' },
        { name: 'without a type' },
      ],
    });
    expect(JSON.parse(JSON.stringify(tools))).to.deep.equal([
      { type: 'function', name: 'tide', description: 'Tides', parameters: { type: 'object' }, strict: true },
      { type: 'custom', name: 'sql', format: { type: 'text' } },
      { type: 'web_search', name: 'web_search', search_context_size: 'low' },
      { type: 'mcp', name: 'harbour', server_label: 'harbour', server_url: 'https://mcp.example' },
    ]);
  });

  it('has the text variables of a managed prompt', () => {
    const variables = { city: 'Oslo', picture: { type: 'input_image', file_id: 'file-1' } };
    const { promptVariables } = readInput({ prompt: { id: 'pmpt_1', variables } });
    expect([...(promptVariables ?? [])]).to.deep.equal([['city', 'Oslo']]);
  });
});

describe('an answer of the Responses API', () => {
  it('is one message of all items', () => {
    const annotations = [{ type: 'url_citation', url: 'https://a.example', title: 'Tides' }];
    expect(
      partsOf(
        { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'Hm' }] },
        { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'gAAAA' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Noon.', annotations }] },
        { type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
      ),
    ).to.deep.equal([
      { type: 'reasoning', content: 'Hm' },
      { type: 'redacted_reasoning', data: 'gAAAA' },
      { type: 'text', content: 'Noon.' },
      { type: 'citations', content: annotations },
      { type: 'refusal', content: 'No.' },
    ]);
  });

  it('has calls of tools that the service ran, with their results', () => {
    expect(
      partsOf(
        { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'tide' } },
        { type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['tide'], results: [{ text: 'noon' }] },
        { type: 'code_interpreter_call', id: 'ci_1', code: '1+1', container_id: 'k', outputs: null },
        { type: 'mcp_call', id: 'mcp_1', name: 'tide', arguments: '{"a":1}', output: 'high', server_label: 'harbour' },
        { type: 'mcp_call', id: 'mcp_2', name: 'tide', arguments: '{}', error: 'gone', server_label: 'harbour' },
      ),
    ).to.deep.equal([
      {
        type: 'tool_call',
        ...{ id: 'ws_1', name: 'web_search', arguments: { action: { type: 'search', query: 'tide' } } },
        tool_type: 'web_search',
      },
      {
        type: 'tool_call',
        ...{ id: 'fs_1', name: 'file_search', arguments: { queries: ['tide'] }, tool_type: 'file_search' },
      },
      { type: 'tool_call_response', id: 'fs_1', response: [{ text: 'noon' }] },
      {
        type: 'tool_call',
        ...{ id: 'ci_1', name: 'code_interpreter', arguments: { code: '1+1', container_id: 'k' } },
        tool_type: 'code_interpreter',
      },
      {
        type: 'tool_call',
        ...{ id: 'mcp_1', name: 'tide', arguments: { a: 1 }, server_label: 'harbour', tool_type: 'mcp' },
      },
      { type: 'tool_call_response', id: 'mcp_1', response: 'high' },
      { type: 'tool_call', ...{ id: 'mcp_2', name: 'tide', arguments: {}, server_label: 'harbour', tool_type: 'mcp' } },
      { type: 'tool_call_response', id: 'mcp_2', response: 'gone', is_error: true },
    ]);
  });

  it('has items that are not complete', () => {
    expect(
      partsOf(
        { type: 'message', role: 'assistant', content: [{ type: 'refusal' }] },
        { type: 'reasoning', id: 'rs_1', content: [{ type: 'reasoning_text' }] },
        { type: 'mcp_call', id: 'mcp_1', name: 'tide', arguments: { a: 1 }, output: null },
        { type: 'image_generation_call', id: 'ig_1', status: 'in_progress', result: null },
        { type: 'image_generation_call', id: 'ig_2', result: 'AAAA' },
      ),
    ).to.deep.equal([
      { type: 'refusal', content: '' },
      { type: 'reasoning', content: '' },
      { type: 'tool_call', id: 'mcp_1', name: 'tide', arguments: { a: 1 }, tool_type: 'mcp' },
      { type: 'tool_call', id: 'ig_1', name: 'image_generation', arguments: {}, tool_type: 'image_generation' },
      { type: 'tool_call', id: 'ig_2', name: 'image_generation', arguments: {}, tool_type: 'image_generation' },
      { type: 'blob', modality: 'image', content: 'AAAA' },
    ]);
  });

  it('has calls of tools that the application runs, and images', () => {
    expect(
      partsOf(
        { type: 'custom_tool_call', id: 'ctc_1', call_id: 'c1', name: 'sql', input: '{"not":"parsed"}' },
        { type: 'local_shell_call', id: 'lsh_1', call_id: 'c2', action: { type: 'exec', command: ['ls'] } },
        { type: 'local_shell_call_output', id: 'lsh_2', output: 'a.txt' },
        { type: 'image_generation_call', id: 'ig_1', result: 'AAAA', output_format: 'png', revised_prompt: 'A boat' },
        { type: 'mcp_list_tools', id: 'mcpl_1', server_label: 'harbour', tools: [] },
      ),
    ).to.deep.equal([
      { type: 'tool_call', id: 'c1', name: 'sql', arguments: '{"not":"parsed"}', tool_type: 'custom' },
      {
        type: 'tool_call',
        ...{ id: 'c2', name: 'local_shell', arguments: { action: { type: 'exec', command: ['ls'] } } },
        tool_type: 'local_shell',
      },
      { type: 'tool_call_response', id: 'lsh_2', response: 'a.txt' },
      {
        type: 'tool_call',
        ...{ id: 'ig_1', name: 'image_generation', arguments: { revised_prompt: 'A boat' } },
        tool_type: 'image_generation',
      },
      { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'AAAA' },
      { type: 'mcp_list_tools', id: 'mcpl_1', server_label: 'harbour', tools: [] },
    ]);
  });

  const text = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] };
  const call = { type: 'function_call', call_id: 'c1', name: 'tide', arguments: '{}' };
  for (const [what, body, reasons, reason] of [
    ['is complete', { status: 'completed', output: [text] }, ['completed'], 'stop'],
    ['calls a tool', { status: 'completed', output: [text, call] }, ['completed'], 'tool_call'],
    ['is too long', { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, undefined, 'length'],
    ['is filtered', { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }, undefined, undefined],
    ['has failed', { status: 'failed', output: [text] }, ['failed'], 'error'],
    ['has been cancelled', { status: 'cancelled', output: [text] }, ['cancelled'], 'cancelled'],
    ['has not ended', { status: 'in_progress', output: [text] }, [], 'error'],
  ] as const) {
    it(`says why it ended if it ${what}`, () => {
      const details = 'incomplete_details' in body ? body.incomplete_details.reason : undefined;
      const whole = { output: [text], ...body } as unknown as JsonObject;
      expect(readResponse(whole).finishReasons ?? []).to.deep.equal(reasons ?? [details]);
      expect(readOutput(whole)[0]?.finish_reason).to.equal(reason ?? details);
    });
  }

  it('counts cached tokens as input once, and reasoning as output', () => {
    const usage = {
      ...{ input_tokens: 120, output_tokens: 30, total_tokens: 150 },
      input_tokens_details: {
        cached_tokens: 64,
        cache_write_tokens: 40,
        cache_write_tokens_details: { ttl_30m_tokens: 30, ttl_12h_tokens: 10 },
      },
      output_tokens_details: { reasoning_tokens: 12 },
    };
    const {
      id,
      model,
      serviceTier,
      usage: read,
    } = readResponse({
      ...{ id: 'resp_1', model: 'openai.gpt-5.5', service_tier: 'priority', usage },
    });
    expect({ id, model, serviceTier }).to.deep.equal({
      ...{ id: 'resp_1', model: 'openai.gpt-5.5', serviceTier: 'priority' },
    });
    expect(JSON.parse(JSON.stringify(combineUsage([read])))).to.deep.equal({
      ...{ inputTokens: 120, outputTokens: 30, totalTokens: 150, reasoningTokens: 12 },
      ...{ cacheReadTokens: 64, cacheWriteTokens: 40, longCacheWriteTokens: 10 },
    });
  });
});

describe("a request for OpenAI's embeddings", () => {
  it('has texts or tokens', () => {
    const parts = (input: unknown) => openAiEmbeddings.readInput({ input } as JsonObject).messages[0]?.parts;
    expect(parts('tide')).to.deep.equal([{ type: 'text', content: 'tide' }]);
    expect(parts(['tide', 'wind'])).to.deep.equal([
      { type: 'text', content: 'tide' },
      { type: 'text', content: 'wind' },
    ]);
    expect(parts([1, 2])).to.deep.equal([{ type: 'tokens', content: '[1,2]' }]);
    expect(parts([[1, 2], [3]])).to.deep.equal([
      { type: 'tokens', content: '[1,2]' },
      { type: 'tokens', content: '[3]' },
    ]);
    expect(parts([])).to.equal(undefined);
  });

  it('is answered with vectors of numbers or base64 text', () => {
    const read = (embedding: unknown) =>
      openAiEmbeddings.readResponse({
        data: [{ embedding }],
        usage: { prompt_tokens: 4, total_tokens: 4 },
      } as JsonObject);
    expect(read([0.1, 0.2, 0.3])).to.deep.include({ embeddingDimensions: 3, usage: { inputTokens: 4 } });
    const base64 = Buffer.from(new Float32Array(8).buffer).toString('base64');
    expect(read(base64).embeddingDimensions).to.equal(8);
    expect(read('AAA').embeddingDimensions).to.equal(undefined);
  });
});
