/** Streams of Converse and Nova with rare chunks: documented, or seen on hosts of the models. */

import { expect } from 'chai';
import type { JsonObject } from '../../src/data/json.js';
import { combineUsage } from '../../src/data/usage.js';
import { converse } from '../../src/dialects/converse.js';
import { nova } from '../../src/dialects/nova.js';
import { fold, output } from '../support/folds.js';

describe('stream folds', () => {
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
});
