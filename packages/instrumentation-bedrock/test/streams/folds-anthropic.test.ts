/** Streams of Anthropic's Messages with rare chunks: documented, or seen on other hosts of the models. */

import { expect } from 'chai';
import type { JsonObject } from '../../src/data/json.js';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.js';
import { fold } from '../support/folds.js';

const METRICS = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 3, outputTokenCount: 2 } };

describe('stream folds', () => {
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
});
