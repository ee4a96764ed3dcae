/** The answer of a stream has a limit, whatever kind of values the stream sends. */

import { expect } from 'chai';
import type { JsonObject } from '../../src/data/json.js';
import { createBoundedFold } from '../../src/dialects/fold/bounded-fold.js';
import type { FoldOptions, StreamFold } from '../../src/dialects/fold/stream-fold.js';
import { openAiCompletions } from '../../src/dialects/openai-completions.js';

const LIMIT = 200_000;

function fold(chunks: Iterable<JsonObject>): string {
  const bounded = createBoundedFold(openAiCompletions.createFold, { content: true, maxLength: LIMIT });
  for (const chunk of chunks) bounded.add(chunk);
  return JSON.stringify(bounded.body());
}

function* repeat(count: number, choice: (position: number) => JsonObject): Generator<JsonObject> {
  for (let position = 0; position < count; position++) yield { choices: [choice(position)] };
}

describe('the fold with a limit', () => {
  it('bounds numbers, empty texts and names of members', () => {
    for (const choice of [
      (): JsonObject => ({ logprobs: { token_logprobs: [0, 0, 0, 0], tokens: ['', '', '', ''] } }),
      (position: number): JsonObject => ({ [`member${position}`]: 0 }),
    ]) {
      const body = fold(repeat(50_000, choice));
      expect(body).to.match(/\d+ more chunks? not recorded/);
      expect(body).to.have.length.within(LIMIT / 4, 1.5 * LIMIT);
    }
  });

  it('bounds the chunks after one with very many values', () => {
    const many = repeat(1, () => ({ logprobs: { token_logprobs: Array.from({ length: 11_000 }, () => 0) } }));
    const body = fold([...many, ...repeat(1_000, () => ({ text: 'A few words. '.repeat(100) }))]);
    expect(body).to.match(/\d+ more chunks? not recorded/);
    expect(body).to.have.length.below(1.5 * LIMIT);
  });

  describe('with media that become notes', () => {
    /** A fold that lists its chunks and counts how often it is read. */
    function foldMedia(count: number, piece: Uint8Array, limits: { maxLength: number; maxMediaBytes: number }) {
      const chunks: JsonObject[] = [];
      let reads = 0;
      const create = ({ content }: FoldOptions): StreamFold => ({
        add: (chunk) => {
          if (content) chunks.push(chunk);
        },
        body: () => {
          if (content) reads++;
          return content ? { chunks: [...chunks] } : {};
        },
        isComplete: () => undefined,
      });
      const bounded = createBoundedFold(create, { content: true, ...limits });
      for (let position = 0; position < count; position++) bounded.add({ piece: piece as unknown as JsonObject });
      const body = bounded.body();
      return { body, reads, collected: chunks.length };
    }

    it('is not read again and again while media arrive', () => {
      const { reads, collected } = foldMedia(2000, new Uint8Array(1000), { maxLength: 100_000, maxMediaBytes: 100 });
      expect(collected).to.equal(2000);
      expect(reads).to.be.below(20);
    });

    it('collects no more than a string can hold', () => {
      const { body, collected } = foldMedia(100, new Uint8Array(2 ** 23), { maxLength: 10_000, maxMediaBytes: 100 });
      expect(collected).to.be.within(17, 33);
      expect(body).to.include({ notRecorded: `[${100 - collected} more chunks not recorded]` });
      expect(body).to.have.nested.property('chunks[0].piece', '[8388608 bytes not recorded]');
    });
  });
});
