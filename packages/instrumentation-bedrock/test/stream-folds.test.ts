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
import { llama } from '../src/dialects/llama.js';
import { mistralText } from '../src/dialects/mistral-text.js';
import { nova } from '../src/dialects/nova.js';
import { openAiChat } from '../src/dialects/openai-chat.js';
import { openAiCompletions } from '../src/dialects/openai-completions.js';
import { titanText } from '../src/dialects/titan-text.js';

const SECRET = 'The secret of the answer. ';
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

    it('joins the pieces of a refusal', () => {
      expect(output(openAiChat, [delta({ refusal: 'I cannot' }), delta({ refusal: ' do that.' }, 'stop')]))
        .to.have.nested.property('[0].parts')
        .that.deep.equals([{ type: 'refusal', content: 'I cannot do that.' }]);
    });

    it('reads an image in a data URL as media', () => {
      const content = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' } }];
      expect(openAiChat.readInput({ messages: [{ role: 'user', content }] }).messages[0]?.parts).to.deep.equal([
        { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'iVBORw0K' },
      ]);
    });
  });

  it('OpenAI completions keep id and model if the last chunk has only metrics', () => {
    const body = fold(openAiCompletions, [
      { id: 'cmpl-1', model: 'imported', choices: [{ index: 0, text: 'Paris', finish_reason: 'stop' }] },
      METRICS,
    ]);
    expect(openAiCompletions.readResponse(body!)).to.deep.include({ id: 'cmpl-1', model: 'imported' });
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
        { type: 'message_start', message: { usage: { input_tokens: 3, output_tokens: 1 } } },
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
    ];

    for (const [dialect, provisional, final] of COUNTED) {
      it(`leave out the output count of ${dialect.name} until its final value arrives`, () => {
        const before = dialect.readResponse(fold(dialect, [provisional]) ?? {}).usage;
        expect(before).to.include({ inputTokens: 3, outputTokens: undefined });
        const after = dialect.readResponse(fold(dialect, [provisional, final]) ?? {}).usage;
        expect(after).to.include({ inputTokens: 3, outputTokens: 2 });
      });
    }
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
