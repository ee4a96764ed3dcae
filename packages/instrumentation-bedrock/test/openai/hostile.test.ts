/** Bodies of OpenAI's API that are rare, huge or broken. */

import { expect } from 'chai';
import { type JsonObject, type JsonValue, toJson } from '../../src/data/json.js';
import { leaveOutVectors } from '../../src/data/vectors.js';
import { openAiResponses } from '../../src/dialects/openai/responses.js';
import { openAiChat } from '../../src/dialects/openai-chat.js';
import { openAiCompletions } from '../../src/dialects/openai-completions.js';
import { openAi } from '../../src/operations/openai/index.js';

function operation(name: string) {
  const found = openAi.find((each) => each.name === name);
  if (!found) throw new Error(`There is no operation ${name}.`);
  return found;
}

describe("a body of OpenAI's API", () => {
  it('can have a turn of any length', () => {
    const item = { type: 'output_text', text: 'x' };
    const content = Array.from({ length: 200_000 }, () => item);
    const turn = ['x', content].map((each) => ({ role: 'assistant', content: each }));
    const [only] = openAiResponses.readInput({ input: turn }).messages;
    expect(only?.parts).to.have.lengthOf(200_001);
  });

  it('can be nested to any depth beside vectors', () => {
    let deep: JsonObject = {};
    for (let level = 0; level < 100_000; level++) deep = { deep };
    const copy = toJson(leaveOutVectors({ deep, embedding: [1, 2, 3] }, 2));
    expect(copy).to.have.property('embedding', '[embedding of 3 numbers not recorded]');
  });

  it('is a failure if its status says so, also without an error', () => {
    const { readAnswer, readRequest, stream } = operation('responses');
    const request = readRequest({}, {});
    const failed = { status: 'failed', error: null };
    expect(readAnswer(request, failed, {}).error).to.deep.include({ type: '_OTHER' });
    expect(readAnswer(request, { status: 'cancelled' }, {}).error).to.equal(undefined);
    const reader = stream?.createReader(request, {}, { withContent: true, maxRecordLength: 1000 });
    reader?.read({ type: 'response.failed', response: failed });
    expect(reader?.answer(true).error).to.deep.include({ type: '_OTHER' });
  });

  it('has the tokens of speech', () => {
    const usage = {
      ...{ prompt_tokens: 20, completion_tokens: 30 },
      prompt_tokens_details: { audio_tokens: 12, text_tokens: 8 },
      completion_tokens_details: { audio_tokens: 25, text_tokens: 5 },
    };
    expect(openAiChat.readResponse({ usage }).usage).to.include({
      ...{ inputTokens: 20, audioInputTokens: 12, textInputTokens: 8 },
      ...{ outputTokens: 30, audioOutputTokens: 25, textOutputTokens: 5 },
    });
  });

  it('has every prompt of a list, as texts or tokens', () => {
    const parts = (prompt: JsonValue) => openAiCompletions.readInput({ prompt }).messages[0]?.parts;
    expect(parts(['tide', [1, 2]])).to.deep.equal([
      { type: 'text', content: 'tide' },
      { type: 'tokens', content: '[1,2]' },
    ]);
    expect(parts('')).to.deep.equal([{ type: 'text', content: '' }]);
    expect(parts(null)).to.equal(undefined);
  });

  it('has speech and videos as media', () => {
    const content = [
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } },
      { type: 'input_audio', input_audio: { data: 'BBBB', format: 'pcm16' } },
      { type: 'input_audio', input_audio: 'unknown' },
      { type: 'video_url', video_url: { url: 'https://a.example/b.mp4' } },
    ];
    const parts = openAiChat.readInput({ messages: [{ role: 'user', content }] }).messages[0]?.parts;
    expect(parts).to.deep.equal([
      { type: 'blob', modality: 'audio', mime_type: 'audio/mpeg', content: 'AAAA' },
      { type: 'blob', modality: 'audio', content: 'BBBB' },
      content[2],
      { type: 'uri', modality: 'video', uri: 'https://a.example/b.mp4' },
    ]);
  });
});
