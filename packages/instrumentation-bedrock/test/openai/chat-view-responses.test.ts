/** Bodies of OpenAI's Responses API as MLflow's chat view needs them: complete, and without an item it cannot parse. */

import { expect } from 'chai';
import type { JsonObject, JsonValue } from '../../src/data/json.js';
import { viewResponsesAnswer, viewResponsesRequest } from '../../src/dialects/view/openai-responses.js';

function input(...items: JsonValue[]): JsonValue | undefined {
  return viewResponsesRequest({ model: 'm', input: items })['input'];
}

function output(...items: JsonObject[]): JsonValue | undefined {
  return viewResponsesAnswer({ object: 'response', output: items })['output'];
}

describe('the chat view of the Responses API', () => {
  it('equals a request and an answer if MLflow can parse all of it', () => {
    const items: JsonObject[] = [
      { role: 'developer', content: 'Be kind.' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Hi' },
          { type: 'input_image', image_url: 'https://a.example/b.png' },
          { type: 'input_file', filename: 'tides.pdf', file_id: 'file-1' },
        ],
      },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm' }] },
      { type: 'function_call', call_id: 'c1', name: 'tide', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'high' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'High.' }] },
    ];
    expect(input(...items)).to.deep.equal(items);
    const answer = items.slice(2);
    expect(output(...answer)).to.deep.equal(answer);
    const text = { model: 'm', input: 'Hi', instructions: 'Be kind.' };
    expect(viewResponsesRequest(text)).to.deep.equal(text);
    expect(viewResponsesAnswer({ error: { code: 'server_error' } })).to.deep.equal({ error: { code: 'server_error' } });
  });

  it('names the type of a message that has content of answers', () => {
    const content = [{ type: 'output_text', text: 'High.' }];
    expect(input({ role: 'assistant', content })).to.deep.equal([{ role: 'assistant', type: 'message', content }]);
  });

  it('puts texts in the place of content that MLflow cannot parse, with the content beside it', () => {
    const audio = { type: 'input_audio', input_audio: { data: 'AAAA', format: 'ogg' } };
    const image = { type: 'input_image', image_url: 'https://a.example/b.png' };
    const large = { type: 'input_image', image_url: '[300000 bytes not recorded]' };
    const refusal = { type: 'refusal', refusal: 'No.' };
    expect(input({ role: 'critic', content: [audio, image, large, refusal] })).to.deep.equal([
      {
        ...{ type: 'message', role: 'system', original: { role: 'critic' } },
        content: [
          { type: 'output_text', text: '[input_audio]', original: audio },
          { type: 'image_url', image_url: { url: 'https://a.example/b.png' }, original: image },
          { type: 'output_text', text: '[input_image]', original: large },
          { type: 'output_text', text: 'No.', original: refusal },
        ],
      },
    ]);
  });

  it('shows reasoning that has no summary', () => {
    const content = [{ type: 'reasoning_text', text: 'Hm' }];
    expect(output({ type: 'reasoning', id: 'rs_1', summary: [], content })).to.deep.equal([
      { type: 'reasoning', id: 'rs_1', summary: content, content, original: { summary: [] } },
    ]);
    expect(output({ type: 'reasoning', encrypted_content: 'gAAAA' })).to.deep.equal([
      { type: 'reasoning', id: '', summary: [], encrypted_content: 'gAAAA', original: { summary: null } },
    ]);
  });

  it('shows every call of a tool as a call of a function', () => {
    const custom = { type: 'custom_tool_call', call_id: 'c1', name: 'sql', input: 'SELECT 1' };
    const search = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { query: 'tide' } };
    const mcp = { type: 'mcp_call', id: 'mcp_1', name: 'tide', arguments: '{}', output: 'high' };
    const running = { type: 'mcp_call', id: 'mcp_2', name: 'wind', arguments: '{}', output: null };
    expect(output(custom, search, mcp, running)).to.deep.equal([
      { type: 'function_call', call_id: 'c1', name: 'sql', arguments: 'SELECT 1', original: custom },
      {
        ...{ type: 'function_call', call_id: 'ws_1', name: 'web_search', arguments: '{"action":{"query":"tide"}}' },
        original: search,
      },
      { type: 'function_call', call_id: 'mcp_1', name: 'tide', arguments: '{}', original: mcp },
      { type: 'function_call_output', call_id: 'mcp_1', output: 'high' },
      { type: 'function_call', call_id: 'mcp_2', name: 'wind', arguments: '{}', original: running },
    ]);
  });

  it('shows the result of a tool as text', () => {
    const texts = [
      { type: 'input_text', text: 'high' },
      { type: 'input_text', text: 'calm' },
    ];
    const listed = { type: 'function_call_output', call_id: 'c1', output: texts };
    const shell = { type: 'local_shell_call_output', id: 'lsh_1', output: 'a.txt' };
    const orphaned = { type: 'function_call_output', output: 'high' };
    expect(input(listed, shell, orphaned)).to.deep.equal([
      { type: 'function_call_output', call_id: 'c1', output: 'high\n\ncalm', original: listed },
      { type: 'function_call_output', call_id: 'lsh_1', output: 'a.txt', original: shell },
      { type: 'function_call_output', call_id: '', output: 'high', original: orphaned },
    ]);
  });

  it('shows a picture, and names every other item', () => {
    const image = { type: 'image_generation_call', id: 'ig_1', result: 'AAAA', output_format: 'png' };
    expect(output(image)).to.deep.equal([image]);
    for (const item of [{ ...image, output_format: 'svg' }, { type: 'item_reference', id: 'msg_1' }, 'text', null]) {
      const type = typeof item === 'object' && item ? item.type : 'unknown item';
      expect(input(item)).to.deep.equal([
        {
          ...{ type: 'message', role: 'assistant', original: item },
          content: [{ type: 'output_text', text: `[${type}]` }],
        },
      ]);
    }
  });
});
