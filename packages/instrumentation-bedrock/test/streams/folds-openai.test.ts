/** Streams of OpenAI's chat format with rare chunks: documented, or seen on other hosts of the models. */

import { expect } from 'chai';
import type { JsonObject } from '../../src/data/json.js';
import { openAiChat } from '../../src/dialects/openai-chat.js';
import { call, delta, fold, output } from '../support/folds.js';

describe('stream folds', () => {
  describe('OpenAI chat', () => {
    it('keeps tool calls apart by id if the chunks have no index', () => {
      const [answer] = output(openAiChat, [
        delta({ tool_calls: [call('a', 'weather', '{"city":'), call('b', 'time')] }),
        delta({ tool_calls: [{ function: { arguments: '{"zone":"CET"}' } }] }),
        delta({}, 'tool_calls'),
      ]);
      expect(answer?.parts.map((part) => ('id' in part ? part.id : ''))).to.deep.equal(['a', 'b']);
      expect(answer?.parts[1]).to.deep.include({ name: 'time', arguments: { zone: 'CET' } });
    });

    /** Name and arguments of each call. */
    const calls = (...deltas: JsonObject[]): unknown[] => {
      const [answer] = output(openAiChat, [...deltas.map((members) => delta(members)), delta({}, 'tool_calls')]);
      return (answer?.parts ?? []).map((part) => ('arguments' in part ? [part['name'], part.arguments] : part.type));
    };
    const both = [
      ['weather', { city: 'Oslo' }],
      ['time', { zone: 'CET' }],
    ];

    it('opens a new call if the index is taken by a call with another id', () => {
      const pieces = [
        { tool_calls: [{ index: 0, ...call('a', 'weather', '{"city":') }] },
        { tool_calls: [{ index: 0, function: { arguments: '"Oslo"}' } }] },
        { tool_calls: [{ index: 0, ...call('b', 'time', '') }] },
        { tool_calls: [{ index: 0, function: { arguments: '{"zone":"CET"}' } }] },
      ];
      expect(calls(...pieces)).to.deep.equal(both);
      expect(calls({ tool_calls: pieces.flatMap((piece) => piece.tool_calls) })).to.deep.equal(both);
    });

    it('opens a new call if the index is taken and the calls have names but no ids', () => {
      expect(
        calls(
          { tool_calls: [{ index: 0, function: { name: 'weather', arguments: '{"city":"Oslo"}' } }] },
          { tool_calls: [{ index: 0, function: { name: 'time', arguments: '{"zone":"CET"}' } }] },
        ),
      ).to.deep.equal(both);
    });

    it('opens no call for an id or a name that is repeated, empty or fresh with each piece', () => {
      for (const [id, name] of [
        ['a', 'weather'],
        ['a', ''],
        ['', ''],
        ['', 'weather'],
        ['random-2', ''],
      ] as const) {
        expect(
          calls(
            { tool_calls: [{ index: 0, ...call('a', 'weather', '{"city":') }] },
            { tool_calls: [{ index: 0, ...call(id, name, '"Oslo"}') }] },
          ),
          `${id}, ${name}`,
        ).to.deep.equal([both[0]]);
      }
    });

    it('opens a new call if the name is another one, although the id is the same', () => {
      expect(
        calls(
          { tool_calls: [{ index: 0, ...call('a', 'weather', '{"city":"Oslo"}') }] },
          { tool_calls: [{ index: 0, ...call('a', 'time', '{"zone":') }] },
          { tool_calls: [{ index: 0, ...call('a', '', '"CET"}') }] },
        ),
      ).to.deep.equal(both);
    });

    it('gives pieces to the call with their id if two calls with one index alternate', () => {
      expect(
        calls(
          { tool_calls: [{ index: 0, ...call('a', 'weather', '{"city":') }] },
          { tool_calls: [{ index: 0, ...call('b', 'time', '{"zone":') }] },
          { tool_calls: [{ index: 0, id: 'a', function: { arguments: '"Oslo"}' } }] },
          { tool_calls: [{ index: 0, id: 'b', function: { arguments: '"CET"}' } }] },
        ),
      ).to.deep.equal(both);
    });

    it('keeps arguments that are JSON and not text', () => {
      expect(
        calls({ tool_calls: [{ id: 'a', function: { name: 'weather', arguments: { city: 'Oslo' } } }] }),
      ).to.deep.equal([both[0]]);
    });

    it('opens a new call for another name after arguments that are JSON', () => {
      expect(
        calls(
          { tool_calls: [{ index: 0, function: { name: 'weather', arguments: { city: 'Oslo' } } }] },
          { tool_calls: [{ index: 0, function: { name: 'time', arguments: { zone: 'CET' } } }] },
        ),
      ).to.deep.equal(both);
    });

    it('keeps members of deltas, choices and chunks that it does not know', () => {
      const body = fold(openAiChat, [
        {
          ...delta({ role: 'assistant', audio: { id: 'audio-1', transcript: 'Par', data: 'AA' }, content: null }),
          system_fingerprint: 'fp',
          obfuscation: 'xyz',
        },
        delta({
          audio: { id: 'audio-1', transcript: 'is', data: 'BB', expires_at: 7 },
          reasoning_details: [{ index: 0, type: 'reasoning.text', text: 'It is ' }],
        }),
        delta({
          reasoning_details: [{ index: 0, type: 'reasoning.text', text: 'known.' }],
          annotations: [{ type: 'url_citation', url_citation: { url: 'https://a.example' } }],
        }),
        {
          choices: [
            {
              index: 0,
              delta: {
                annotations: [{ type: 'url_citation', url_citation: { url: 'https://b.example' } }],
                provider_specific_fields: { grounded: true },
              },
              logprobs: { content: [{ token: 'Paris', logprob: -0.1 }] },
              finish_reason: 'stop',
            },
          ],
        },
      ]);
      expect(body).to.deep.equal({
        system_fingerprint: 'fp',
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              content: null,
              audio: { id: 'audio-1', transcript: 'Paris', data: 'AABB', expires_at: 7 },
              reasoning_details: [{ index: 0, type: 'reasoning.text', text: 'It is known.' }],
              annotations: ['https://a.example', 'https://b.example'].map((url) => ({
                type: 'url_citation',
                url_citation: { url },
              })),
              provider_specific_fields: { grounded: true },
            },
            logprobs: { content: [{ token: 'Paris', logprob: -0.1 }] },
            finish_reason: 'stop',
          },
        ],
        usage: undefined,
      });
    });

    it('orders tool calls by index, not by arrival', () => {
      const [answer] = output(openAiChat, [
        delta({ tool_calls: [{ index: 1, ...call('b', 'time', '{}') }] }),
        delta({ tool_calls: [{ index: 0, ...call('a', 'weather', '{"city"') }] }),
        delta({ tool_calls: [{ index: 0, function: { arguments: ':"Paris"}' } }] }, 'tool_calls'),
      ]);
      expect(answer?.parts[0]).to.deep.include({ id: 'a', name: 'weather', arguments: { city: 'Paris' } });
      expect(answer?.parts[1]).to.deep.include({ id: 'b', name: 'time' });
    });

    it('reads pieces that are called message', () => {
      expect(
        output(openAiChat, [
          { choices: [{ index: 0, message: { role: 'assistant', content: 'Par' } }] },
          { choices: [{ index: 0, message: { content: 'is' }, stop_reason: 'stop' }] },
        ]),
      ).to.deep.equal([{ role: 'assistant', parts: [{ type: 'text', content: 'Paris' }], finish_reason: 'stop' }]);
    });

    it("reads Magistral's thinking as reasoning, with streaming and without", () => {
      const thought = (text: string): JsonObject => ({ type: 'thinking', thinking: [{ type: 'text', text }] });
      const expected = [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'Let me see.' },
            { type: 'text', content: 'Paris' },
          ],
          finish_reason: 'stop',
        },
      ];
      expect(
        output(openAiChat, [
          delta({ content: [thought('Let me')] }),
          delta({ content: [thought(' see.')] }),
          delta({ content: 'Par' }),
          delta({ content: 'is' }, 'stop'),
        ]),
      ).to.deep.equal(expected);
      const content = [thought('Let me see.'), { type: 'text', text: 'Paris' }];
      expect(
        openAiChat.readOutput({ choices: [{ message: { role: 'assistant', content }, finish_reason: 'stop' }] }),
      ).to.deep.equal(expected);
    });

    it("joins the pieces of Magistral's thinking, and keeps what stands beside them", () => {
      const thinking = (pieces: JsonObject[], beside: JsonObject = {}): JsonObject =>
        delta({ content: [{ type: 'thinking', thinking: pieces, ...beside }] });
      const body = fold(openAiChat, [
        thinking([{ type: 'text', text: 'Let ' }], { closed: false }),
        thinking([
          { type: 'text', text: 'me ' },
          { type: 'text', text: 'see' },
        ]),
        thinking([{ type: 'reference', reference_ids: [1] }]),
        thinking([{ type: 'text', text: '.' }], { closed: true }),
        delta({ content: 'Paris' }, 'stop'),
      ]);
      expect(body).to.have.deep.nested.property('choices[0].message.content', [
        {
          type: 'thinking',
          thinking: [
            { type: 'text', text: 'Let me see' },
            { type: 'reference', reference_ids: [1] },
            { type: 'text', text: '.' },
          ],
          closed: true,
        },
        { type: 'text', text: 'Paris' },
      ]);
    });

    it('joins text that arrives as items of a list', () => {
      const pieces = ['<think>A port.</', 'think>Ber', 'gen'].map((text) =>
        delta({ content: [{ type: 'text', text }] }),
      );
      expect(output(openAiChat, pieces)[0]?.parts).to.deep.equal([
        { type: 'reasoning', content: 'A port.' },
        { type: 'text', content: 'Bergen' },
      ]);
    });

    it("reads the mark at the start of gpt-oss's answers as reasoning, but not in requests", () => {
      const content = '<reasoning>A capital.</reasoning>Paris';
      expect(
        output(openAiChat, [delta({ content: content.slice(0, 7) }), delta({ content: content.slice(7) }, 'stop')]),
      )
        .to.have.nested.property('[0].parts')
        .that.deep.equals([
          { type: 'reasoning', content: 'A capital.' },
          { type: 'text', content: 'Paris' },
        ]);
      const { messages } = openAiChat.readInput({ messages: [{ role: 'user', content }] });
      expect(messages[0]?.parts).to.deep.equal([{ type: 'text', content }]);
    });

    it('joins the pieces of the older function_call', () => {
      expect(
        calls(
          { function_call: { name: 'weather', arguments: '{"city":' } },
          { function_call: { arguments: '"Oslo"}' } },
        ),
      ).to.deep.equal([both[0]]);
    });

    it('joins the pieces of a refusal', () => {
      expect(output(openAiChat, [delta({ refusal: 'I cannot' }), delta({ refusal: ' do that.' }, 'stop')]))
        .to.have.nested.property('[0].parts')
        .that.deep.equals([{ type: 'refusal', content: 'I cannot do that.' }]);
    });

    it('reads a long text after data: in linear time', () => {
      for (const url of [`data:${'x'.repeat(1_000_000)}`, `data:${'x;'.repeat(1_000_000)}`]) {
        const content = [{ type: 'image_url', image_url: { url } }];
        expect(openAiChat.readInput({ messages: [{ role: 'user', content }] }).messages[0]?.parts).to.deep.equal([
          { type: 'uri', modality: 'image', uri: url },
        ]);
      }
    });

    it('reads images and files as media', () => {
      const content = [
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' } },
        { type: 'image_url', image_url: { url: 'DATA:image/svg+xml;charset=utf-8;base64,PHN2Zz4=' } },
        { type: 'image_url', image_url: { url: '[300 bytes not recorded]' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
        { type: 'file', file: { file_id: 'file-1' } },
      ];
      expect(openAiChat.readInput({ messages: [{ role: 'user', content }] }).messages[0]?.parts).to.deep.equal([
        { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'iVBORw0K' },
        { type: 'blob', modality: 'image', mime_type: 'image/svg+xml', content: 'PHN2Zz4=' },
        { type: 'blob', modality: 'image', content: '[300 bytes not recorded]' },
        { type: 'blob', modality: 'document', mime_type: 'application/pdf', content: 'JVBERi0=', filename: 'a.pdf' },
        { type: 'file', modality: 'document', file_id: 'file-1' },
      ]);
    });
  });
});
