/** What MLflow's chat view is given: everything, and nothing that takes the view away. */

import { expect } from 'chai';
import type { JsonObject } from '../src/data/json.js';
import {
  viewAnthropicRequest,
  viewAnthropicResponse,
  viewConverseRequest,
  viewConverseResponse,
} from '../src/dialects/chat-view.js';

describe('the chat view of Converse', () => {
  it('is the request itself where MLflow can parse all of it', () => {
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

  it('gives a text to an image that is not inline, content to a tool result without, and drops null blocks', () => {
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

  it('gives their text to cited and to guarded content, which MLflow would leave out', () => {
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

  it('leaves answers without a message as they are', () => {
    expect(viewConverseResponse({ stopReason: 'end_turn' })).to.deep.equal({ stopReason: 'end_turn' });
    const answer = { output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } }, usage: {} };
    expect(viewConverseResponse(answer)).to.deep.equal(answer);
  });
});

describe('the chat view of Anthropic Messages', () => {
  it('keeps blocks that MLflow does not know beside a text in their place', () => {
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

  it('keeps thinking, and stands in for redacted thinking', () => {
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
