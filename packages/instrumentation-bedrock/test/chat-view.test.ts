/** Bodies as MLflow's chat view needs them: complete, and without a block that it cannot parse. */

import { expect } from 'chai';
import type { JsonObject } from '../src/data/json.js';
import { viewAnthropicRequest, viewAnthropicResponse } from '../src/dialects/view/anthropic.js';
import { viewConverseRequest, viewConverseResponse } from '../src/dialects/view/converse.js';
import { viewOpenAiRequest, viewOpenAiResponse } from '../src/dialects/view/openai.js';

describe('the chat view of Converse', () => {
  it('equals the request if MLflow can parse all of it', () => {
    const request: JsonObject = {
      modelId: 'm',
      messages: [
        { role: 'user', content: [{ text: 'Hi' }, { image: { format: 'png', source: { bytes: 'AA==' } } }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 't', name: 'n', input: {} } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 't', content: [{ json: { a: 1 } }] } }] },
        { role: 'user', content: [{ document: { name: 'd', source: { bytes: 'AA==' } } }, { cachePoint: {} }] },
      ],
    };
    expect(viewConverseRequest(request)).to.deep.equal(request);
  });

  it('adds a text for an image in S3 and content for a tool result without any, and drops null blocks', () => {
    const image = { format: 'png', source: { s3Location: { uri: 's3://bucket/a.png' } } };
    expect(
      viewConverseRequest({
        messages: [{ role: 'user', content: [{ image }, null, { toolResult: { toolUseId: 't' } }] }],
      }),
    ).to.deep.equal({
      messages: [
        {
          role: 'user',
          content: [
            { text: '[image s3://bucket/a.png]', original: { image } },
            { toolResult: { toolUseId: 't', content: [] } },
          ],
        },
      ],
    });
  });

  it('adds the text of cited and of guarded content, which MLflow would not show', () => {
    const citationsContent = { content: [{ text: 'Five ' }, { text: 'days.' }], citations: [{ title: 'Refunds' }] };
    const guardContent = { text: { text: 'How long?', qualifiers: ['query'] } };
    expect(viewConverseRequest({ messages: [{ role: 'user', content: [{ guardContent }] }] })).to.deep.equal({
      messages: [{ role: 'user', content: [{ guardContent, text: 'How long?' }] }],
    });
    const answer = { output: { message: { role: 'assistant', content: [{ citationsContent }] } } };
    expect(viewConverseResponse(answer)).to.deep.equal({
      output: { message: { role: 'assistant', content: [{ citationsContent, text: 'Five days.' }] } },
    });
  });

  it('adds the text of a search result, also in a tool result', () => {
    const searchResult = {
      source: 'https://a.example',
      title: 'Tides',
      content: [{ text: 'High ' }, { text: 'noon.' }],
    };
    const toolResult = { toolUseId: 't', status: 'error', content: [{ searchResult }] };
    const content = [{ searchResult }, { toolResult }];
    expect(viewConverseRequest({ messages: [{ role: 'user', content }] })).to.deep.equal({
      messages: [
        {
          role: 'user',
          content: [
            { searchResult, text: 'High noon.' },
            { toolResult: { ...toolResult, content: [{ searchResult, text: 'High noon.' }] } },
          ],
        },
      ],
    });
  });

  it('does not change an answer without a message', () => {
    expect(viewConverseResponse({ stopReason: 'end_turn' })).to.deep.equal({ stopReason: 'end_turn' });
    const answer = { output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } }, usage: {} };
    expect(viewConverseResponse(answer)).to.deep.equal(answer);
  });
});

describe('the chat view of Anthropic Messages', () => {
  it('puts a text in the place of a block that MLflow cannot parse, with the block beside it', () => {
    const document = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' } };
    const result = { type: 'tool_result', tool_use_id: 't', content: [document] };
    expect(
      viewAnthropicRequest({
        max_tokens: 1,
        messages: [
          { role: 'user', content: 'Hi' },
          {
            role: 'user',
            content: [{ type: 'text', text: 'See' }, document, result, { type: 'tool_result', tool_use_id: 'u' }],
          },
        ],
      }),
    ).to.deep.equal({
      max_tokens: 1,
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'See' },
            { type: 'text', text: '[document]', original: document },
            { ...result, content: [{ type: 'text', text: '[document]', original: document }] },
            { type: 'tool_result', tool_use_id: 'u', content: '' },
          ],
        },
      ],
    });
  });

  it('keeps thinking, and puts a text in the place of redacted thinking', () => {
    const answer = {
      type: 'message',
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 's' },
        { type: 'redacted_thinking', data: 'd' },
        { type: 'tool_use', id: 't', name: 'n', input: { a: 1 } },
      ],
    };
    expect(viewAnthropicResponse(answer)).to.deep.equal({
      ...answer,
      content: [
        answer.content[0],
        { type: 'text', text: '[redacted_thinking]', original: answer.content[1] },
        answer.content[2],
      ],
    });
  });
});

describe("the chat view of OpenAI's chat format", () => {
  const plain = { id: 'c1', type: 'function', function: { name: 'n', arguments: '{"a":1}' } };

  it('equals the body if MLflow can parse all of it', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Hi' }, image] },
      { role: 'assistant', content: null, tool_calls: [plain] },
      { role: 'tool', tool_call_id: 'c1', content: '1' },
    ];
    expect(viewOpenAiRequest({ max_tokens: 1, messages })).to.deep.equal({ max_tokens: 1, messages });
    const answer = { choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' } }] };
    expect(viewOpenAiResponse(answer)).to.deep.equal(answer);
    expect(viewOpenAiRequest({ prompt: 'Hi' })).to.deep.equal({ prompt: 'Hi' });
  });

  it('shows custom tools and arguments that are JSON as functions with text', () => {
    const custom = { id: 'c1', type: 'custom', custom: { name: 'run', input: 'select 1' } };
    const parsed = { id: 'c2', type: 'function', function: { name: 'n', arguments: { a: 1 } } };
    const answer = { choices: [{ index: 0, message: { role: 'assistant', tool_calls: [custom, parsed, plain] } }] };
    expect(viewOpenAiResponse(answer))
      .to.have.nested.property('choices[0].message.tool_calls')
      .that.deep.equals([
        { ...custom, function: { name: 'run', input: 'select 1', arguments: 'select 1' } },
        { ...parsed, function: { name: 'n', arguments: '{"a":1}' } },
        plain,
      ]);
  });

  it('replaces roles and items of content that MLflow does not know, and keeps them beside', () => {
    const file = { type: 'file', file: { file_id: 'f' } };
    const dropped = { type: 'image_url', image_url: { url: '[300 bytes not recorded]' } };
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: [file, dropped] },
      { role: 'function', name: 'n', content: '1' },
    ];
    expect(viewOpenAiRequest({ messages })).to.deep.equal({
      messages: [
        { role: 'system', original: { role: 'developer' }, content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: '[file]', original: file },
            { type: 'text', text: '[image_url]', original: dropped },
          ],
        },
        { role: 'tool', original: { role: 'function' }, name: 'n', content: '1' },
      ],
    });
  });
});
