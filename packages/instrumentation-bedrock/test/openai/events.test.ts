/** The decoder of server-sent events, with bytes that arrive in any pieces. */

import { expect } from 'chai';
import fc from 'fast-check';
import { EventDecoder } from '../../src/sdk/openai/server-sent-events.js';

const decode = (pieces: readonly Uint8Array[]): string[] => {
  const decoder = new EventDecoder();
  return [...pieces.flatMap((piece) => decoder.decode(piece)), ...decoder.end()];
};

describe('EventDecoder', () => {
  const LINES = [
    'data: {"a":"ü€😀"}',
    '',
    ': comment',
    'event: x',
    'data: one',
    'data:two',
    'data',
    '',
    'database: no',
    '',
  ];
  const EVENTS = ['{"a":"ü€😀"}', 'one\ntwo\n'];

  it('returns the same events wherever the bytes are split, with each kind of line end', () => {
    fc.assert(
      fc.property(fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(120), { maxLength: 8 }), (end, cuts) => {
        const bytes = Buffer.from(LINES.join(end) + end);
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((place, at) => bytes.subarray(places[at], place));
        expect(decode(pieces)).to.deep.equal(EVENTS);
      }),
    );
  });

  it('returns an event as soon as it is complete, and the last one without its empty line', () => {
    const decoder = new EventDecoder();
    expect(decoder.decode(Buffer.from('data: one\n\ndata: tw'))).to.deep.equal(['one']);
    expect(decoder.decode(Buffer.from('o'))).to.deep.equal([]);
    expect(decoder.end()).to.deep.equal(['two']);
    expect(decode([Buffer.from('data: one\n')])).to.deep.equal(['one']);
  });

  it('leaves out an event that is too long, and reads on', () => {
    const megabyte = Buffer.alloc(1_000_000, 'x');
    const pieces = [Buffer.from('data: '), ...Array<Buffer>(26).fill(megabyte), Buffer.from('\n\ndata: next\n\n')];
    expect(decode(pieces)).to.deep.equal(['next']);
  });
});
