/** Bodies as MLflow's chat view needs them: complete, and without a block that it cannot parse. */

import { expect } from 'chai';
import type { JsonObject } from '../../src/data/json.js';
import { viewAnthropicRequest, viewAnthropicResponse } from '../../src/dialects/view/anthropic.js';
import { viewConverseRequest, viewConverseResponse } from '../../src/dialects/view/converse.js';
import { viewOpenAiRequest, viewOpenAiResponse } from '../../src/dialects/view/openai.js';

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
    const citationsContent = { content: [{ text: 'Five ' }, {}, { text: 'days.' }], citations: [{ title: 'Refunds' }] };
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

  it('shows the system prompt as the first message, and keeps it where the request has it', () => {
    const system = [{ text: 'Be brief.' }, { cachePoint: { type: 'default' } }];
    const user = { role: 'user', content: [{ text: 'Hi' }] };
    expect(viewConverseRequest({ system, messages: [user] })).to.deep.equal({
      system,
      messages: [{ role: 'system', content: system }, user],
    });
  });

  it('adds the text of reasoning behind the answer, because MLflow folds what is beyond 300 characters', () => {
    const reasoning = [
      { reasoningContent: { reasoningText: { text: 'First\nsecond', signature: 's' } } },
      { reasoningContent: { redactedContent: 'AA==' } },
    ];
    const message = { role: 'assistant', content: [...reasoning, { text: 'Paris' }] };
    expect(viewConverseResponse({ output: { message } })).to.deep.equal({
      output: {
        message: {
          ...message,
          content: [...message.content, { text: '\n\n**Reasoning**\n\n> First\n> second', shows: 'reasoningContent' }],
        },
      },
    });
  });

  it('does not change an answer without a message', () => {
    expect(viewConverseResponse({ stopReason: 'end_turn' })).to.deep.equal({ stopReason: 'end_turn' });
    const answer = { output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } }, usage: {} };
    expect(viewConverseResponse(answer)).to.deep.equal(answer);
  });
});

describe('the chat view of Anthropic Messages', () => {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } };
  const document = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' } };

  it('shows the system prompt as the first message, and keeps it where the request has it', () => {
    const user = { role: 'user', content: 'Hi' };
    expect(viewAnthropicRequest({ max_tokens: 1, system: 'Be brief.', messages: [user] })).to.deep.equal({
      max_tokens: 1,
      system: 'Be brief.',
      messages: [
        { role: 'system', type: 'system', content: 'Be brief.' },
        { ...user, type: 'user' },
      ],
    });
    const system = [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }];
    expect(viewAnthropicRequest({ system, messages: [] }))
      .to.have.property('messages')
      .that.deep.equals([{ role: 'system', type: 'system', content: system }]);
  });

  it('shows each result of a tool as a message, with the rest of the block beside it', () => {
    const result = { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: '18 °C' }, document] };
    const failed = { type: 'tool_result', tool_use_id: 'u', content: 'unknown city', is_error: true };
    const empty = { type: 'tool_result', tool_use_id: 'v' };
    const orphaned = { type: 'tool_result', content: 'gone' };
    const text = { type: 'text', text: 'And tomorrow?' };
    const messages = [{ role: 'user', content: [result, failed, empty, orphaned, text] }];
    const tool = { role: 'user', type: 'tool' };
    expect(viewAnthropicRequest({ messages })).to.deep.equal({
      messages: [
        {
          ...tool,
          tool_call_id: 't',
          content: [result.content[0], { type: 'text', text: '[document]', original: document }],
          original: { type: 'tool_result', tool_use_id: 't' },
        },
        {
          ...tool,
          tool_call_id: 'u',
          content: 'unknown city',
          original: { type: 'tool_result', tool_use_id: 'u', is_error: true },
        },
        { ...tool, tool_call_id: 'v', content: '', original: empty },
        { ...tool, tool_call_id: '', content: 'gone', original: { type: 'tool_result' } },
        { role: 'user', type: 'user', content: [text] },
      ],
    });
  });

  it('puts images, and texts for blocks that MLflow cannot show, in their place, with the block beside them', () => {
    const dropped = { ...image, source: { ...image.source, data: '[300 bytes not recorded]' } };
    const linked = { type: 'image', source: { type: 'url', url: 'https://a.example/a.png' } };
    const broken = { type: 'tool_use', name: 'n' };
    const [sourceless, typeless] = [{ type: 'image' }, { note: 'x' }];
    const messages = [
      { role: 'user', content: [image, linked, dropped, document, broken, sourceless, typeless] },
      'Hi',
    ];
    expect(viewAnthropicRequest({ messages })).to.deep.equal({
      messages: [
        {
          role: 'user',
          type: 'user',
          content: [
            {
              type: 'image_url',
              image_url: { url: 'data:image/png;base64,AA==' },
              original: { type: 'image', source: { type: 'base64', media_type: 'image/png' } },
            },
            { type: 'image_url', image_url: { url: linked.source.url }, original: linked },
            { type: 'text', text: '[image]', original: dropped },
            { type: 'text', text: '[document]', original: document },
            { type: 'text', text: '[tool_use]', original: broken },
            { type: 'text', text: '[image]', original: sourceless },
            { type: 'text', text: '[unknown block]', original: typeless },
          ],
        },
        { type: 'user', content: '[unknown message]', original: 'Hi' },
      ],
    });
  });

  it('adds the message with its thinking and its calls to an answer, and changes nothing else', () => {
    const [thinking, redacted, call] = [
      { type: 'thinking', thinking: 'Hm', signature: 's' },
      { type: 'redacted_thinking', data: 'd' },
      { type: 'tool_use', id: 't', name: 'n', input: { a: 1 } },
    ];
    const answer = { type: 'message', role: 'assistant', content: [thinking, redacted, call], stop_reason: 'tool_use' };
    expect(viewAnthropicResponse(answer as JsonObject)).to.deep.equal({
      ...answer,
      messages: [
        {
          role: 'assistant',
          type: 'assistant',
          content: [thinking, { type: 'text', text: '[redacted_thinking]', original: redacted }, call],
          tool_calls: [{ id: 't', name: 'n', args: { a: 1 } }],
        },
      ],
    });
    expect(viewAnthropicResponse({ type: 'error' })).to.deep.equal({ type: 'error' });
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

  it('shows calls and items of any form, and leaves what is no message as it is', () => {
    const [bare, other, nameless] = [
      { id: 'c1', type: 'function', function: { name: 'n' } },
      { id: 'c2', type: 'mcp_call', server: 'pier' },
      { function: { arguments: '{}' } },
    ];
    const messages = [
      null,
      { role: 'user', content: [7] },
      { role: 'assistant', tool_calls: [null, bare, other, nameless] },
    ];
    expect(viewOpenAiRequest({ messages })).to.deep.equal({
      messages: [
        null,
        { role: 'user', content: [{ type: 'text', text: '[unknown item]', original: 7 }] },
        {
          role: 'assistant',
          tool_calls: [
            null,
            { ...bare, function: { name: 'n', arguments: '' } },
            { ...other, function: { name: '', arguments: '' } },
            { id: '', function: { name: '', arguments: '{}' } },
          ],
        },
      ],
    });
  });

  it('shows reasoning, wherever the model has it', () => {
    const thinking = [
      { type: 'text', text: 'Hm. ' },
      { type: 'text', text: 'Paris?' },
    ];
    for (const message of [
      { role: 'assistant', content: 'Paris', reasoning_content: 'Hm. Paris?' },
      { role: 'assistant', content: [{ type: 'thinking', thinking }] },
    ]) {
      expect(viewOpenAiResponse({ choices: [{ message }] }))
        .to.have.nested.property('choices[0].message')
        .that.deep.includes({ reasoning: 'Hm. Paris?' });
    }
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
