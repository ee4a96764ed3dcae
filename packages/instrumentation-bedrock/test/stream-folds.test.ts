/** Stream folds with rare chunks: documented, or seen with other hosts of the models. */

import { expect } from 'chai';
import type { JsonObject } from '../src/data/json.js';
import { combineUsage } from '../src/data/usage.js';
import { anthropicMessages } from '../src/dialects/anthropic-messages.js';
import { anthropicText } from '../src/dialects/anthropic-text.js';
import { unknownDialect } from '../src/dialects/blank.js';
import { cohereCommand } from '../src/dialects/cohere-command.js';
import { cohereCommandR } from '../src/dialects/cohere-command-r.js';
import { converse } from '../src/dialects/converse.js';
import type { Dialect } from '../src/dialects/dialect.js';
import type { FoldOptions } from '../src/dialects/fold/stream-fold.js';
import { createFold } from '../src/dialects/index.js';
import { llama } from '../src/dialects/llama.js';
import { mistralText } from '../src/dialects/mistral-text.js';
import { nova } from '../src/dialects/nova.js';
import { openAiChat } from '../src/dialects/openai-chat.js';
import { openAiCompletions } from '../src/dialects/openai-completions.js';
import { titanText } from '../src/dialects/titan-text.js';
import { twelveLabsPegasus } from '../src/dialects/twelvelabs-pegasus.js';

const SECRET = 'The secret of the answer. ';
const ITERATION = { type: 'message', input_tokens: 3, output_tokens: 1 };
const METRICS = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 3, outputTokenCount: 2 } };

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

  describe('Anthropic Messages', () => {
    const start = (block: JsonObject, index = 0): JsonObject => ({
      type: 'content_block_start',
      index,
      content_block: block,
    });
    const piece = (members: JsonObject, index = 0): JsonObject => ({
      type: 'content_block_delta',
      index,
      delta: members,
    });
    const content = (chunks: readonly JsonObject[]): unknown => fold(anthropicMessages, chunks)?.['content'];

    it('keeps blocks and deltas of types that are not known yet', () => {
      expect(
        content([
          start({ type: 'chart', title: 'Tides', caption: 'High ', rows: [] }),
          piece({ type: 'chart_delta', caption: 'and ', rows: [1], style: { grid: true } }),
          piece({ type: 'chart_delta', caption: 'low', rows: [2, 3], style: { unit: 'm' }, zoom: 2, note: null }),
        ]),
      ).to.deep.equal([
        {
          type: 'chart',
          title: 'Tides',
          caption: 'High and low',
          rows: [1, 2, 3],
          style: { grid: true, unit: 'm' },
          zoom: 2,
        },
      ]);
    });

    it('keeps the summary of a compaction, also if the start of its block is missing', () => {
      const delta = piece({ type: 'compaction_delta', content: 'Two coves.', encrypted_content: 'x' });
      const block = { type: 'compaction', content: 'Two coves.', encrypted_content: 'x' };
      expect(content([start({ type: 'compaction', content: null }), delta])).to.deep.equal([block]);
      expect(content([delta])).to.deep.equal([block]);
    });

    it('keeps apart what shares the index of a block', () => {
      expect(
        content([
          start({ type: 'text', text: '' }),
          piece({ type: 'text_delta', text: 'I look ' }),
          start({ type: 'tool_use', id: 'a', name: 'tides', input: {} }),
          piece({ type: 'input_json_delta', partial_json: '{"cove"' }),
          piece({ type: 'text_delta', text: 'it up.' }),
          piece({ type: 'input_json_delta', partial_json: ':"Gull"}' }),
          piece({ type: 'thinking_delta', thinking: 'Hm.' }),
        ]),
      ).to.deep.equal([
        { type: 'text', text: 'I look it up.' },
        { type: 'tool_use', id: 'a', name: 'tides', input: { cove: 'Gull' } },
        { type: 'thinking', thinking: 'Hm.' },
      ]);
    });

    it('keeps events of types that are not known yet, but no pings', () => {
      const body = fold(anthropicMessages, [
        { type: 'message_start', message: { content: [] } },
        { type: 'ping' },
        { type: 'weather', warning: 'Gale ' },
        { type: 'weather', warning: 'at noon' },
      ]);
      expect(body).to.deep.include({ otherEvents: { weather: { warning: 'Gale at noon' } } });
    });

    it('keeps what stands beside a delta, but not what the service adds', () => {
      const body = fold(anthropicMessages, [
        { type: 'message_start', message: { id: 'msg', content: [], container: null, usage: { input_tokens: 3 } } },
        {
          type: 'message_delta',
          delta: { stop_reason: 'end_turn', container: { id: 'box' }, stop_details: null },
          usage: { output_tokens: 2 },
          context_management: { applied_edits: [{ type: 'compact_20260112' }] },
        },
        { type: 'content_block_stop', index: 0, sources: ['almanac'] },
        { type: 'message_stop', ...METRICS },
      ]);
      expect(body).to.deep.equal({
        role: 'assistant',
        id: 'msg',
        content: [],
        container: { id: 'box' },
        usage: { input_tokens: 3, output_tokens: 2 },
        stop_reason: 'end_turn',
        context_management: { applied_edits: [{ type: 'compact_20260112' }] },
        sources: ['almanac'],
      });
    });
  });

  it('OpenAI completions keep id and model if the last chunk has only metrics', () => {
    const body = fold(openAiCompletions, [
      { id: 'cmpl-1', model: 'imported', choices: [{ index: 0, text: 'Paris', finish_reason: 'stop' }] },
      METRICS,
    ]);
    expect(openAiCompletions.readResponse(body!)).to.deep.include({ id: 'cmpl-1', model: 'imported' });
  });

  it('OpenAI completions keep members beside the text of a choice', () => {
    const logprobs = (token: string): JsonObject => ({ tokens: [token], token_logprobs: [-0.1] });
    const body = fold(openAiCompletions, [
      { choices: [{ index: 0, text: 'Par', logprobs: logprobs('Par') }] },
      { choices: [{ index: 0, text: 'is', logprobs: logprobs('is'), finish_reason: 'stop' }] },
    ]);
    expect(body).to.have.deep.property('choices', [
      { text: 'Paris', logprobs: { tokens: ['Par', 'is'], token_logprobs: [-0.1, -0.1] }, finish_reason: 'stop' },
    ]);
  });

  for (const [dialect, text] of [
    [anthropicText, 'completion'],
    [cohereCommand, 'text'],
    [llama, 'generation'],
    [titanText, 'outputText'],
    [twelveLabsPegasus, 'message'],
  ] as const) {
    it(`${dialect.name} keeps members that it does not know`, () => {
      const chunks = [
        { [text]: 'Ber', sources: [1], results: null },
        { [text]: 'gen', sources: [1, 2], ...METRICS },
      ];
      const body = fold(dialect, chunks);
      expect(body).to.have.deep.property('sources', [1, 2]);
      expect(body).to.deep.equal({ sources: [1, 2], ...fold(dialect, [{ [text]: 'Bergen' }]) });
      expect(fold(dialect, chunks, { content: false })).not.to.have.property('sources');
    });
  }

  it('Mistral keeps members beside a text that it does not know', () => {
    const chunks = [{ outputs: [{ text: 'Ber', logprobs: [1] }] }, { outputs: [{ text: 'gen', logprobs: [2] }] }];
    expect(fold(mistralText, chunks)).to.deep.equal({
      outputs: [{ text: 'Bergen', logprobs: [1, 2], stop_reason: null }],
    });
  });

  describe('Cohere Command', () => {
    it('is recognised by its chunks', () => {
      expect(cohereCommand.matchesResponse({ index: 0, is_finished: false, text: 'Par' })).to.equal(true);
    });

    it('keeps the finish reason of each generation', () => {
      const body = fold(cohereCommand, [
        { index: 0, is_finished: false, text: 'Paris' },
        { index: 1, is_finished: false, text: 'It is' },
        { index: 0, is_finished: true, finish_reason: 'COMPLETE' },
        { index: 1, is_finished: true, finish_reason: 'MAX_TOKENS' },
      ]);
      expect(cohereCommand.readResponse(body!).finishReasons).to.deep.equal(['COMPLETE', 'MAX_TOKENS']);
      expect(cohereCommand.readOutput(body!).map((answer) => answer.finish_reason)).to.deep.equal(['stop', 'length']);
    });

    it('keeps the finish reason of an answer without text', () => {
      const body = fold(cohereCommand, [{ is_finished: true, finish_reason: 'ERROR_TOXIC' }]);
      expect(cohereCommand.readResponse(body!).finishReasons).to.deep.equal(['ERROR_TOXIC']);
    });
  });

  it('Command R keeps tool calls of a stream that breaks off between their pieces', () => {
    const piece = (index: number, members: JsonObject): JsonObject => ({
      event_type: 'tool-calls-chunk',
      tool_call_delta: { index, ...members },
    });
    const chunks = [
      { event_type: 'stream-start', generation_id: 'g' },
      { event_type: 'tool-calls-chunk', text: 'I look ' },
      { event_type: 'tool-calls-chunk', text: 'it up.' },
      piece(0, { name: 'tide' }),
      piece(0, { parameters: '{"port":' }),
      piece(0, { parameters: '"Bergen"}' }),
      piece(1, { name: 'wind' }),
    ];
    expect(cohereCommandR.readOutput(fold(cohereCommandR, chunks) ?? {})[0]?.parts).to.deep.equal([
      { type: 'text', content: 'I look it up.' },
      { type: 'tool_call', name: 'tide', arguments: { port: 'Bergen' } },
      { type: 'tool_call', name: 'wind', arguments: {} },
    ]);
    const whole = [{ name: 'tide', parameters: { port: 'Oslo' } }];
    const last = { event_type: 'tool-calls-generation', tool_calls: whole };
    expect(fold(cohereCommandR, [...chunks, last])).to.have.deep.property('tool_calls', whole);
  });

  it('Command R keeps citations and searches of a stream that breaks off', () => {
    expect(
      fold(cohereCommandR, [
        { event_type: 'stream-start', generation_id: 'g', is_finished: false },
        { event_type: 'search-queries-generation', search_queries: [{ text: 'capital' }] },
        { event_type: 'text-generation', text: 'Paris' },
        { event_type: 'citation-generation', citations: [{ start: 0, end: 3, text: 'Par' }] },
        { event_type: 'citation-generation', citations: [{ start: 3, end: 5, text: 'is' }] },
      ]),
    ).to.deep.equal({
      generation_id: 'g',
      search_queries: [{ text: 'capital' }],
      text: 'Paris',
      tool_calls: undefined,
      citations: [
        { start: 0, end: 3, text: 'Par' },
        { start: 3, end: 5, text: 'is' },
      ],
    });
  });

  for (const dialect of [converse, nova]) {
    describe(`${dialect.name}, several blocks under one index`, () => {
      const start = (toolUseId: string): JsonObject => ({
        contentBlockStart: { contentBlockIndex: 0, start: { toolUse: { toolUseId, name: 'tide' } } },
      });
      const piece = (members: JsonObject): JsonObject => ({
        contentBlockDelta: { contentBlockIndex: 0, delta: members },
      });
      const stop: JsonObject = { contentBlockStop: { contentBlockIndex: 0 } };
      const parts = (...events: JsonObject[]): unknown =>
        output(dialect, [{ messageStart: { role: 'assistant' } }, ...events])[0]?.parts;
      const text = (content: string): object => ({ type: 'text', content });
      const toolCall = (id: string, port: string): object => ({
        type: 'tool_call',
        id,
        name: 'tide',
        arguments: { port },
      });

      it('keeps reasoning, text and a tool call', () => {
        expect(
          parts(
            piece({ reasoningContent: { text: 'A table ' } }),
            piece({ reasoningContent: { text: 'has it.' } }),
            piece({ reasoningContent: { signature: 's' } }),
            piece({ text: 'I look ' }),
            piece({ text: 'it up.' }),
            start('t1'),
            piece({ toolUse: { input: '{"port":' } }),
            piece({ toolUse: { input: '"Bergen"}' } }),
            stop,
          ),
        ).to.deep.equal([
          { type: 'reasoning', content: 'A table has it.' },
          text('I look it up.'),
          toolCall('t1', 'Bergen'),
        ]);
      });

      it('keeps tool calls with ids of their own, and the text after them', () => {
        expect(
          parts(
            piece({ text: 'Two ports.' }),
            stop,
            start('t1'),
            piece({ toolUse: { input: '{"port":"Bergen"}' } }),
            stop,
            start('t2'),
            piece({ toolUse: { input: '{"port":"Oslo"}' } }),
            stop,
            piece({ text: 'Please ' }),
            piece({ text: 'wait.' }),
            stop,
          ),
        ).to.deep.equal([text('Two ports.'), toolCall('t1', 'Bergen'), toolCall('t2', 'Oslo'), text('Please wait.')]);
      });

      it('keeps text and a tool call whose pieces alternate', () => {
        expect(
          parts(
            start('t1'),
            piece({ toolUse: { input: '{"port":' } }),
            piece({ text: 'One ' }),
            piece({ toolUse: { input: '"Bergen"}' } }),
            piece({ text: 'port.' }),
          ),
        ).to.deep.equal([toolCall('t1', 'Bergen'), text('One port.')]);
      });

      it('keeps redacted reasoning beside plain reasoning, and an image beside a text', () => {
        const image = { format: 'png', source: { bytes: 'AA==' } };
        expect(
          parts(
            piece({ reasoningContent: { text: 'Hm.' } }),
            piece({ reasoningContent: { redactedContent: 'AA==' } }),
            piece({ text: 'See:' }),
            { contentBlockStart: { contentBlockIndex: 0, start: { image: { format: 'png' } } } },
            piece({ image: { source: image.source } }),
          ),
        ).to.deep.equal([
          { type: 'reasoning', content: 'Hm.' },
          { type: 'redacted_reasoning', data: 'AA==' },
          text('See:'),
          { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'AA==' },
        ]);
      });

      it('keeps images and tool calls without ids apart if each is started', () => {
        const image = (bytes: string): JsonObject[] => [
          { contentBlockStart: { contentBlockIndex: 0, start: { image: { format: 'png' } } } },
          piece({ image: { source: { bytes } } }),
          stop,
        ];
        const nameless = (name: string): JsonObject[] => [
          { contentBlockStart: { contentBlockIndex: 0, start: { toolUse: { name } } } },
          piece({ toolUse: { input: '{}' } }),
          stop,
        ];
        const found = parts(...image('AA=='), ...image('BB=='), ...nameless('tide'), ...nameless('wind'));
        expect((found as JsonObject[]).map(({ content, name }) => content ?? name)).to.deep.equal([
          'AA==',
          'BB==',
          'tide',
          'wind',
        ]);
      });

      it('makes no block of a start without a kind', () => {
        const empty: JsonObject = { contentBlockStart: { contentBlockIndex: 0, start: {} } };
        expect(parts(empty, piece({ text: 'Yes.' }))).to.deep.equal([text('Yes.')]);
        expect(parts(empty)).to.deep.equal([]);
      });
    });
  }

  it('ConverseStream joins the pieces of members that are newer than the SDK', () => {
    const piece = (value: JsonObject): JsonObject => ({
      contentBlockDelta: { contentBlockIndex: 0, delta: { $unknown: ['poem', value] } },
    });
    expect(
      fold(converse, [
        { messageStart: { role: 'assistant' } },
        { contentBlockStart: { contentBlockIndex: 0, start: { $unknown: ['poem', { format: 'haiku' }] } } },
        piece({ text: 'Old ' }),
        piece({ text: 'pond' }),
        { $unknown: ['applause', { loud: true }] },
      ]),
    ).to.deep.equal({
      otherEvents: { applause: { loud: true } },
      output: { message: { role: 'assistant', content: [{ poem: { format: 'haiku', text: 'Old pond' } }] } },
    });
  });

  it('ConverseStream joins bytes that arrive in any number of pieces', () => {
    for (const count of [1, 2, 63, 64, 65, 200]) {
      const pieces = Array.from({ length: count }, (_, position) => Uint8Array.of(position, position + 1));
      const events = pieces.flatMap((bytes): JsonObject[] =>
        [{ reasoningContent: { redactedContent: bytes } }, { image: { source: { bytes } } }].map((members) => ({
          contentBlockDelta: { contentBlockIndex: 0, delta: members as unknown as JsonObject },
        })),
      );
      const [redacted, image] = output(converse, events)[0]?.parts ?? [];
      expect(
        Buffer.concat(pieces).equals((redacted as { data?: Uint8Array }).data ?? Buffer.of()),
        `${count}`,
      ).to.equal(true);
      expect(image).to.include({ type: 'blob', modality: 'image' });
    }
  });

  it('ConverseStream keeps a tool result of any length', () => {
    const items = Array.from({ length: 200_000 }, () => ({ text: 'x' }));
    const event = { contentBlockDelta: { contentBlockIndex: 0, delta: { toolResult: items } } };
    const body = fold(converse, [event, event]);
    expect(body).to.have.nested.property('output.message.content[0].toolResult.content.length', 400_000);
  });

  it('Command R keeps its text if the closing event repeats nothing', () => {
    expect(
      output(cohereCommandR, [
        { event_type: 'text-generation', text: 'Par' },
        { event_type: 'text-generation', text: 'is' },
        { event_type: 'stream-end', finish_reason: 'COMPLETE' },
      ]),
    ).to.deep.equal([{ role: 'assistant', parts: [{ type: 'text', content: 'Paris' }], finish_reason: 'stop' }]);
  });

  it('Nova needs no more memory than the letters of its text, although each piece has a block of its own', () => {
    const piece = (index: number): JsonObject => ({
      contentBlockDelta: { contentBlockIndex: index, delta: { text: 'A few words. ' } },
    });
    const pieces = 50_000;
    const folded = nova.createFold({ content: true });
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < pieces; index++) folded.add(piece(index));
    globalThis.gc?.();
    expect(process.memoryUsage().heapUsed - before).to.be.lessThan(2 * pieces * 'A few words. '.length);
    expect(nova.readOutput(folded.body() ?? {})[0]?.parts).to.deep.equal([
      { type: 'text', content: 'A few words. '.repeat(pieces) },
    ]);
  });

  it('Nova input tokens never include cached ones, also if the total suggests it or an ARN hides the vendor', () => {
    const usage = { inputTokens: 6, outputTokens: 10, totalTokens: 16, cacheReadInputTokenCount: 14922 };
    expect(combineUsage([nova.readResponse({ usage }).usage])).to.include({ inputTokens: 14928, totalTokens: 14938 });
  });

  describe('of a stream that did not finish', () => {
    const COUNTED: readonly [Dialect, JsonObject, JsonObject][] = [
      [
        anthropicMessages,
        { type: 'message_start', message: { usage: { input_tokens: 3, output_tokens: 1, iterations: [ITERATION] } } },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
      ],
      [
        openAiChat,
        { ...delta({ content: 'Par' }), usage: { prompt_tokens: 3, completion_tokens: 1 } },
        { ...delta({ content: 'is' }, 'stop'), usage: { prompt_tokens: 3, completion_tokens: 2 } },
      ],
      [
        openAiCompletions,
        { choices: [{ text: 'Par' }], usage: { prompt_tokens: 3, completion_tokens: 1 } },
        { choices: [{ text: 'is', finish_reason: 'stop' }], usage: { prompt_tokens: 3, completion_tokens: 2 } },
      ],
      [
        llama,
        { generation: 'Par', prompt_token_count: 3, generation_token_count: 1 },
        { generation: 'is', generation_token_count: 2, stop_reason: 'stop' },
      ],
      [
        titanText,
        { outputText: 'Par', inputTextTokenCount: 3, totalOutputTextTokenCount: 1 },
        { outputText: 'is', totalOutputTextTokenCount: 2, completionReason: 'FINISH' },
      ],
    ];

    for (const [dialect, provisional, final] of COUNTED) {
      it(`leave out the output count of ${dialect.name} until its final value arrives`, () => {
        const before = dialect.readResponse(fold(dialect, [provisional]) ?? {}).usage;
        expect(before).to.include({ inputTokens: 3, outputTokens: undefined });
        const after = dialect.readResponse(fold(dialect, [provisional, final]) ?? {}).usage;
        expect(after).to.include({ inputTokens: 3, outputTokens: 2 });
      });
    }

    it('leave out a count that came before the finish reason', () => {
      for (const [dialect, provisional, final] of COUNTED) {
        if (dialect === anthropicMessages) continue;
        const { usage, generation_token_count, totalOutputTextTokenCount, ...finished } = final;
        const { outputTokens } = dialect.readResponse(fold(dialect, [provisional, finished]) ?? {}).usage ?? {};
        expect(outputTokens, dialect.name).to.equal(undefined);
      }
    });
  });

  describe('with content off', () => {
    /** The first chunk of an answer, one in the middle, and the last one. */
    const STREAMS: readonly [Dialect, JsonObject, JsonObject, JsonObject][] = [
      [
        converse,
        { messageStart: { role: 'assistant' } },
        { contentBlockDelta: { contentBlockIndex: 0, delta: { text: SECRET } } },
        { messageStop: { stopReason: 'end_turn' } },
      ],
      [
        nova,
        { messageStart: { role: 'assistant' } },
        { contentBlockDelta: { contentBlockIndex: 0, delta: { text: SECRET } } },
        { messageStop: { stopReason: 'end_turn' } },
      ],
      [
        anthropicMessages,
        { type: 'message_start', message: { id: 'msg', model: 'claude', usage: { input_tokens: 3 } } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: SECRET } },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
      ],
      [
        anthropicText,
        { type: 'completion', completion: SECRET, stop_reason: null },
        { type: 'completion', completion: SECRET, stop_reason: null },
        { type: 'completion', completion: '', stop_reason: 'stop_sequence' },
      ],
      [
        openAiChat,
        { id: 'chat', model: 'm', ...delta({ role: 'assistant', content: SECRET }) },
        delta({ content: SECRET, reasoning: SECRET, tool_calls: [call('a', 'b', SECRET)] }),
        { ...delta({}, 'stop'), usage: { prompt_tokens: 3, completion_tokens: 2 } },
      ],
      [
        openAiCompletions,
        { id: 'text', model: 'm', choices: [{ index: 0, text: SECRET }] },
        { choices: [{ index: 0, text: SECRET }] },
        { choices: [{ index: 0, text: SECRET, finish_reason: 'stop' }] },
      ],
      [
        titanText,
        { outputText: SECRET, index: 0, inputTextTokenCount: 3 },
        { outputText: SECRET, index: 0 },
        { outputText: SECRET, index: 0, totalOutputTextTokenCount: 2, completionReason: 'FINISH' },
      ],
      [
        llama,
        { generation: SECRET, prompt_token_count: 3, generation_token_count: 1, stop_reason: null },
        { generation: SECRET, prompt_token_count: null, generation_token_count: 2, stop_reason: null },
        { generation: '', prompt_token_count: null, generation_token_count: 2, stop_reason: 'stop' },
      ],
      [
        twelveLabsPegasus,
        { message: SECRET, stopReason: '' },
        { message: SECRET, stopReason: '' },
        { message: '', stopReason: 'stop' },
      ],
      [
        mistralText,
        { outputs: [{ text: SECRET, stop_reason: null }] },
        { outputs: [{ text: SECRET, stop_reason: null }] },
        { outputs: [{ text: '', stop_reason: 'stop' }] },
      ],
      [
        cohereCommand,
        { index: 0, text: SECRET, is_finished: false },
        { index: 0, text: SECRET, is_finished: false },
        { index: 0, is_finished: true, finish_reason: 'COMPLETE' },
      ],
      [
        cohereCommandR,
        { event_type: 'stream-start', generation_id: 'id' },
        { event_type: 'text-generation', text: SECRET },
        {
          event_type: 'stream-end',
          finish_reason: 'COMPLETE',
          response: { response_id: 'id', text: SECRET, finish_reason: 'COMPLETE' },
        },
      ],
    ];

    for (const [dialect, first, middle, last] of STREAMS) {
      it(`keep no text of ${dialect.name}, and the same facts as with content on`, () => {
        const chunks = [first, ...Array.from({ length: 200 }, () => middle), last];
        const body = fold(dialect, chunks, { content: false }) ?? {};
        expect(JSON.stringify(body)).to.have.length.below(500);
        expect(JSON.stringify(body)).not.to.include(SECRET.trim());
        expect(dialect.readResponse(body)).to.deep.equal(dialect.readResponse(fold(dialect, chunks) ?? {}));
      });

      it(`keep the facts of ${dialect.name} if the stream lacks its first chunk`, () => {
        const facts = dialect.readResponse(fold(dialect, [last], { content: false }) ?? {});
        expect(facts).to.deep.equal(dialect.readResponse(fold(dialect, [middle, last]) ?? {}));
        expect(facts.finishReasons).to.have.lengthOf(1);
      });
    }

    for (const [dialect, first, middle, last] of STREAMS) {
      it(`keep the facts of ${dialect.name}, and the start of its text, if the text is too long`, () => {
        const chunks = [first, ...Array.from({ length: 2000 }, () => middle), last];
        const reader = createFold(dialect, { content: true, maxLength: 5000 });
        for (const chunk of chunks) reader.add(chunk);
        const body = reader.body() ?? {};
        expect(JSON.stringify(body)).to.have.length.below(7000);
        expect(JSON.stringify(dialect.readOutput(body))).to.match(/… \[\d+ more chunks not recorded\]/);
        expect(dialect.readResponse(body)).to.deep.equal(dialect.readResponse(fold(dialect, chunks) ?? {}));
        const whole = dialect.createFold({ content: true });
        for (const chunk of chunks) whole.add(chunk);
        expect(reader.isComplete()).to.equal(whole.isComplete());
      });
    }

    for (const [dialect, first, middle] of STREAMS) {
      it(`do not grow with the chunks of ${dialect.name}`, () => {
        const chunks = 20_000;
        const reader = dialect.createFold({ content: false });
        reader.add(first);
        globalThis.gc?.();
        const before = process.memoryUsage().heapUsed;
        for (let index = 0; index < chunks; index++) reader.add(JSON.parse(JSON.stringify(middle)) as JsonObject);
        globalThis.gc?.();
        expect(process.memoryUsage().heapUsed - before).to.be.lessThan((chunks * SECRET.length) / 2);
        reader.body();
      }).retries(2);
    }

    it('keep no block that arrives whole', () => {
      const result = { type: 'web_search_tool_result', content: [SECRET] };
      const blocks: readonly [Dialect, JsonObject][] = [
        [anthropicMessages, { type: 'content_block_start', index: 0, content_block: result }],
        [converse, { contentBlockStart: { start: { image: { source: SECRET } } } }],
      ];
      for (const [dialect, block] of blocks) {
        expect(fold(dialect, [block], { content: false })).to.equal(undefined);
      }
    });

    it('keep no content that stands beside figures', () => {
      const more = { [SECRET]: SECRET };
      const streams: readonly [Dialect, readonly JsonObject[]][] = [
        [
          anthropicMessages,
          [
            { type: 'message_start', message: { id: 'msg', content: [{ type: 'text', text: SECRET }], ...more } },
            {
              type: 'message_delta',
              delta: { stop_reason: 'end_turn', ...more },
              usage: { output_tokens: 2 },
              ...more,
            },
          ],
        ],
        [
          converse,
          [
            { messageStop: { stopReason: 'end_turn', additionalModelResponseFields: more, ...more } },
            { metadata: { usage: { inputTokens: 3, outputTokens: 2 }, ...more } },
          ],
        ],
      ];
      for (const [dialect, chunks] of streams) {
        const body = fold(dialect, chunks, { content: false }) ?? {};
        expect(JSON.stringify(body)).not.to.include(SECRET.trim());
        expect(dialect.readResponse(body)).to.deep.equal(dialect.readResponse(fold(dialect, chunks) ?? {}));
      }
    });

    it('keep no chunk in an unknown format', () => {
      expect(fold(unknownDialect, [{ unknown: SECRET }], { content: false })).to.equal(undefined);
    });
  });
});

function fold(
  dialect: Dialect,
  chunks: readonly JsonObject[],
  options: FoldOptions = { content: true },
): JsonObject | undefined {
  const reader = dialect.createFold(options);
  for (const chunk of chunks) reader.add(chunk);
  return reader.body();
}

function output(dialect: Dialect, chunks: readonly JsonObject[]): ReturnType<Dialect['readOutput']> {
  return dialect.readOutput(fold(dialect, chunks) ?? {});
}

function delta(members: JsonObject, finishReason: string | null = null): JsonObject {
  return { choices: [{ index: 0, delta: members, finish_reason: finishReason }] };
}

function call(id: string, name: string, args = ''): JsonObject {
  return { id, type: 'function', function: { name, arguments: args } };
}
