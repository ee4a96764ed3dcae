/** JSON texts that share their long pieces: each is exactly what `stringify` writes. */

import { expect } from 'chai';
import fc from 'fast-check';
import { parseJson, toJson } from '../../src/data/json.js';
import { stringify } from '../../src/data/numbers.js';
import { SharedJson } from '../../src/data/shared-json.js';

const BASE64 = Buffer.from(Array.from({ length: 15_000 }, (_, index) => (index * 89 + 7) % 256)).toString('base64');

/** Texts around the length from which pieces are shared, with characters that JSON escapes. */
const text = fc
  .tuple(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 120 }))
  .map(([unit, count]) => `${unit}${unit === '' ? '' : unit.repeat(count)}`);

const value = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    text,
    fc.constantFrom('\ud800'.repeat(300), 'é🚀"\\\n'.repeat(90), BASE64, `data:image/png;base64,${BASE64}`),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true, undefined),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('node'), { maxKeys: 4 }),
  ),
})).node;

describe('SharedJson', () => {
  it('writes what stringify writes, also for values that it has written before', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), (values) => {
        const shared = new SharedJson();
        for (const each of [...values, ...values, { all: values, body: stringify(values) }]) {
          if (each !== undefined) expect(shared.write(each)).to.equal(stringify(each));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('writes numbers of any length', () => {
    const long = parseJson(`{"ids":[${'12345678901234567890,'.repeat(50)}1],"text":"${'x'.repeat(999)}"}`);
    expect(new SharedJson().write(long)).to.equal(stringify(long));
    expect(new SharedJson().write(toJson({ id: 2n ** 70n }))).to.equal('{"id":1180591620717411303424}');
  });

  it('writes media in a data URL, and in a body as JSON text', () => {
    const shared = new SharedJson();
    const other = BASE64.split('').reverse().join('');
    const body = JSON.stringify({ prompt: 'a "prompt"\n', images: [BASE64, other, BASE64], note: 'ä🚀' });
    const values = [[BASE64, other], { url: `data:image/png;base64,${BASE64}` }, { body }, { body: `{${other}` }];
    for (const each of values) expect(shared.write(each)).to.equal(stringify(each));
  });

  it('takes as long for texts of one length and start as for other texts', () => {
    const time = (count: number, sameLength: boolean): number => {
      const text = (index: number): string => `${'A b '.repeat(5000)}${String(index).padStart(sameLength ? 6 : index)}`;
      const values = Array.from({ length: count }, (_, index) => Buffer.from(text(index)).toString('latin1'));
      const urls = values.map((each) => `data:image/png;base64,${each}`);
      const shared = new SharedJson();
      const { user } = process.cpuUsage();
      shared.write(values);
      shared.write({ values });
      shared.write({ urls });
      return process.cpuUsage().user - user;
    };
    time(100, true);
    expect(time(500, true)).to.be.lessThan(10 * time(500, false) + 50_000);
  });
});
