/** The figures of streams that did not finish, and what a fold keeps with content off. */

import { expect } from 'chai';
import type { JsonObject } from '../../src/data/json.js';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.js';
import { anthropicText } from '../../src/dialects/anthropic-text.js';
import { unknownDialect } from '../../src/dialects/blank.js';
import { cohereCommand } from '../../src/dialects/cohere-command.js';
import { cohereCommandR } from '../../src/dialects/cohere-command-r.js';
import { converse } from '../../src/dialects/converse.js';
import type { Dialect } from '../../src/dialects/dialect.js';
import { createFold } from '../../src/dialects/index.js';
import { llama } from '../../src/dialects/llama.js';
import { mistralText } from '../../src/dialects/mistral-text.js';
import { nova } from '../../src/dialects/nova.js';
import { openAiChat } from '../../src/dialects/openai-chat.js';
import { openAiCompletions } from '../../src/dialects/openai-completions.js';
import { titanText } from '../../src/dialects/titan-text.js';
import { twelveLabsPegasus } from '../../src/dialects/twelvelabs-pegasus.js';
import { call, delta, fold } from '../support/folds.js';

const SECRET = 'The secret of the answer. ';
const ITERATION = { type: 'message', input_tokens: 3, output_tokens: 1 };

describe('stream folds', () => {
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
        expect(JSON.stringify(dialect.readOutput(body))).to.match(/… \[\d+ more chunks? not recorded\]/);
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
