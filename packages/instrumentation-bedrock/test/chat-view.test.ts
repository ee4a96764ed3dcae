/** Bodies as MLflow's chat view needs them: complete, and without a block that it cannot parse. */

import { expect } from 'chai';
import type { JsonObject } from '../src/data/json.js';
import {
  viewAnthropicRequest,
  viewAnthropicResponse,
  viewConverseRequest,
  viewConverseResponse,
} from '../src/dialects/chat-view.js';

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
