/** Token usage: how the reports of one call become the figures that are recorded. */

import { expect } from 'chai';
import type { JsonValue } from '../../src/data/json.js';
import { combineUsage, readUsageHeaders, type TokenUsage } from '../../src/data/usage.js';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.js';

describe('token usage', () => {
  it('takes each count from the first source that has it: body, headers, metrics', () => {
    expect(
      combineUsage([{ inputTokens: 1 }, { inputTokens: 2, outputTokens: 3 }, { outputTokens: 4, cacheReadTokens: 5 }]),
    ).to.deep.equal({
      inputTokens: 6,
      outputTokens: 3,
      totalTokens: 9,
      cacheReadTokens: 5,
      cacheWriteTokens: undefined,
      longCacheWriteTokens: undefined,
      reasoningTokens: undefined,
      textInputTokens: undefined,
      audioInputTokens: undefined,
      textOutputTokens: undefined,
      audioOutputTokens: undefined,
    });
  });

  it('never infers a count', () => {
    expect(combineUsage([undefined, {}, { cacheReadTokens: 1 }])).to.equal(undefined);
    expect(combineUsage([{ inputTokens: Number.NaN, outputTokens: -1 }])).to.equal(undefined);
    for (const header of ['many', '12 or so', 'about 12']) {
      expect(readUsageHeaders({ 'x-amzn-bedrock-input-token-count': header }).inputTokens).to.equal(undefined);
    }
  });

  it('keeps a reported total only if input or output is missing', () => {
    expect(combineUsage([{ outputTokens: 5, totalTokens: 9 }])).to.include({ inputTokens: undefined, totalTokens: 9 });
    expect(combineUsage([{ inputTokens: 4 }])).to.include({ inputTokens: 4, totalTokens: undefined });
    expect(combineUsage([{ inputTokens: 0, outputTokens: 0, totalTokens: 9 }])).to.include({
      inputTokens: 0,
      outputTokens: 0,
      totalTokens: 0,
    });
  });

  describe('of the input includes cached tokens once', () => {
    /** Input, output, total, cache read, cache write as reported; the input that is recorded. */
    type Row = readonly [string | undefined, readonly (number | undefined)[], number];
    const ROWS: Readonly<Record<string, readonly Row[]>> = {
      'if the vendor reports it without them': [
        ['anthropic', [12, 5, 157, 100, 40], 152],
        ['amazon', [12, 5, 157, 100, 40], 152],
        // A long new question after a short cached prompt.
        ['anthropic', [900, 5, 1005, 100, 0], 1000],
        ['amazon', [900, 5, 905, 100, 0], 1000],
      ],
      'if the vendor reports it with them': [
        ['xai', [152, 5, 157, 100, 40], 152],
        ['xai', [152, 5, 297, 100, 40], 152],
        ['xai', [152, 5, undefined, 100, 40], 152],
      ],
      'if it is smaller than the cached part, whatever the vendor': [
        ['openai', [12, 5, 157, 100, 40], 152],
        ['deepseek', [12, 5, undefined, 100, 40], 152],
        [undefined, [12, 5, 157, 100, 40], 152],
        ['xai', [12, 5, 157, 100, 40], 152],
      ],
      'if the total shows that it has them': [
        ['openai', [152, 5, 157, 100, 40], 152],
        [undefined, [152, 5, 157, 100, 40], 152],
        // All of it was cached.
        ['openai', [140, 5, 145, 100, 40], 140],
      ],
      'as the smaller figure if nothing decides': [
        ['openai', [152, 5, 297, 100, 40], 152],
        [undefined, [152, 5, 297, 100, 40], 152],
        ['qwen', [152, 5, undefined, 100, undefined], 152],
        ['qwen', [152, undefined, undefined, 100, undefined], 152],
      ],
    };

    for (const [rule, rows] of Object.entries(ROWS)) {
      it(rule, () => {
        for (const [
          vendor,
          [inputTokens, outputTokens, totalTokens, cacheReadTokens, cacheWriteTokens],
          input,
        ] of rows) {
          const reported = { inputTokens, outputTokens, totalTokens, cacheReadTokens, cacheWriteTokens };
          const usage = combineUsage([reported], vendor);
          expect(usage, JSON.stringify([vendor, reported])).to.include({ inputTokens: input, cacheReadTokens });
        }
      });
    }

    it('if the format of the body defines it, whatever the vendor', () => {
      const reported = { inputTokens: 152, outputTokens: 5, cacheReadTokens: 100 };
      expect(combineUsage([{ ...reported, inputIncludesCache: true }], 'anthropic')).to.include({ totalTokens: 157 });
      expect(combineUsage([{ ...reported, inputIncludesCache: false }], 'xai')).to.include({ totalTokens: 257 });
    });
  });

  describe('of an Anthropic message with iterations', () => {
    function usageOf(top: object, iterations: JsonValue): TokenUsage | undefined {
      return combineUsage([anthropicMessages.readResponse({ usage: { ...top, iterations } }).usage], 'anthropic');
    }
    const TOP = { input_tokens: 100, output_tokens: 7, cache_read_input_tokens: 50 };

    it('is their sum, each with its own cache figures', () => {
      const iterations = [
        {
          type: 'compaction',
          input_tokens: 3000,
          output_tokens: 90,
          cache_read_input_tokens: 400,
          cache_creation_input_tokens: 600,
          cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 400 },
        },
        { type: 'message', input_tokens: 100, output_tokens: 7, cache_read_input_tokens: 50 },
      ];
      expect(usageOf(TOP, iterations)).to.include({
        inputTokens: 3100 + 450 + 600,
        outputTokens: 97,
        totalTokens: 4247,
        cacheReadTokens: 450,
        cacheWriteTokens: 600,
        longCacheWriteTokens: 400,
      });
    });

    it('includes the iterations of advisors and of types that are not known yet', () => {
      const iterations = [
        { type: 'message', input_tokens: 100, output_tokens: 7, cache_read_input_tokens: 50 },
        { type: 'advisor_message', model: 'm', input_tokens: 20, output_tokens: 30 },
        { type: 'of_tomorrow', input_tokens: 1, output_tokens: 2 },
      ];
      expect(usageOf(TOP, iterations)).to.include({ inputTokens: 171, outputTokens: 39 });
    });

    it('leaves out models that declined, but no turn of the model that answered', () => {
      const iterations = [
        { type: 'message', model: 'first', input_tokens: 80, output_tokens: 3 },
        { type: 'message', model: 'second', input_tokens: 60, output_tokens: 4 },
        { type: 'fallback_message', model: 'second', input_tokens: 40, output_tokens: 3 },
      ];
      expect(usageOf({ input_tokens: 40, output_tokens: 3 }, iterations)).to.include({
        inputTokens: 100,
        outputTokens: 7,
      });
      const unnamed = iterations.map(({ model, ...iteration }) => iteration);
      expect(usageOf({ input_tokens: 40, output_tokens: 3 }, unnamed)).to.include({ inputTokens: 40, outputTokens: 3 });
    });

    it('is the same as without them if there is only the message', () => {
      expect(usageOf(TOP, [{ type: 'message', input_tokens: 100, output_tokens: 7 }])).to.include({
        inputTokens: 150,
        outputTokens: 7,
        cacheReadTokens: 50,
      });
    });

    for (const [what, iterations] of Object.entries({
      'no list': { type: 'message', input_tokens: 1, output_tokens: 1 },
      null: null,
      empty: [],
      'no objects': [1, 'message', null],
      'not all objects': [{ type: 'message', input_tokens: 1, output_tokens: 1 }, 'message'],
      'without a count of the input': [
        { type: 'compaction', output_tokens: 90 },
        { type: 'message', input_tokens: 1, output_tokens: 1 },
      ],
      'without a count of the output': [
        { type: 'compaction', input_tokens: 3000 },
        { type: 'message', input_tokens: 1, output_tokens: 1 },
      ],
      'with counts that are none': [{ type: 'message', input_tokens: '100', output_tokens: -7 }],
    } satisfies Record<string, JsonValue>)) {
      it(`is that of the top level if the iterations are ${what}`, () => {
        expect(usageOf(TOP, iterations)).to.include({ inputTokens: 150, outputTokens: 7, cacheReadTokens: 50 });
      });
    }
  });
});
