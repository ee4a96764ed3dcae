import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { tableRows } from 'testing/markdown.js';
import { parseStat } from '../load/cpu.js';
import { readOptions, USAGE } from '../load/options.js';

const ROOT = resolve(import.meta.dirname, '../..');

describe('npm run load (options)', () => {
  it('names the option that is wrong', () => {
    expect(() => readOptions(['--spans', '3'])).to.throw(`--spans is 1 or 5, not "3".\n${USAGE}`);
    expect(() => readOptions(['--rate', '0'])).to.throw('--rate takes a whole number from 1 to 100000, not "0".');
    expect(() => readOptions(['--backend', 'mysql'])).to.throw('--backend is sqlite or postgres, not "mysql".');
    expect(() => readOptions(['--mlflow', 'http://localhost:5000', '--workers', '2'])).to.throw('leave out --mlflow.');
  });

  it('makes batches smaller if traces are many or large', () => {
    const batch = (...args: string[]): number => readOptions(args).job.batchSpans;
    expect(batch('--trace-info', 'otlp-only')).to.equal(510);
    expect(batch('--trace-info', 'otlp-only', '--spans', '1')).to.equal(128);
    expect(batch('--trace-info', 'otlp-only', '--spans', '1', '--kilobytes', '50')).to.equal(40);
    expect(batch()).to.equal(80);
    expect(batch('--kilobytes', '4096')).to.equal(5);
  });

  it('reads the times of a process whose name contains brackets and spaces', () => {
    const line = '42 (a) R (b) S 7 40 40 0 -1 4194304 100 200 0 0 11 22 33 44 20 0 1 0 5000 1000 10';
    expect(parseStat(line)).to.deep.equal({ pid: 42, parent: 7, ticks: 110 });
  });
});

describe('docs/scale.md', () => {
  it('derives the right needs from the costs of a trace', () => {
    const page = readFileSync(join(ROOT, 'docs/scale.md'), 'utf8');
    const cells = (name: string): string[] => {
      const [, row = ''] = new RegExp(`^\\| ${name} \\| (.*) \\|$`, 'm').exec(page) ?? [];
      return row.split(' | ');
    };
    const numbers = (name: string): number[] => cells(name).map((cell) => Number(cell.replaceAll(',', '')));
    const costs = { full: numbers('full, 2 kB'), 'otlp-only': numbers('otlp-only, 2 kB') };
    const large = { full: numbers('full, 50 kB'), 'otlp-only': numbers('otlp-only, 50 kB') };
    const traces = numbers('traces/s kept');
    const kinds = cells('kept, kind').map((cell) => (cell.endsWith('full') ? 'full' : 'otlp-only'));
    const shares = cells('kept, kind').map((cell) => (cell.startsWith('all') ? 1 : Number.parseFloat(cell) / 100));
    expect(numbers('model calls/s').map((calls, index) => (calls / 2) * (shares[index] ?? 0))).to.deep.equal(traces);

    const expectRow = (name: string, figure: (traces: number, cost: number[]) => number, costsOf = costs): void => {
      for (const [index, shown] of numbers(name).entries()) {
        const exact = figure(traces[index] ?? 0, costsOf[kinds[index] as 'full' | 'otlp-only']);
        expect(shown, `${name}, column ${index + 1}: ${exact}`).to.be.within(exact * 0.9, exact * 1.1);
      }
    };
    expectRow('cores of MLflow', (rate, [server = 0]) => (rate * server) / 1000);
    expectRow('servers of 2 cores', (rate, [server = 0]) => Math.ceil((rate * server) / 1000 / 1.2));
    expectRow('cores of PostgreSQL', (rate, [, database = 0]) => (rate * database) / 1000);
    expectRow('rows written/s', (rate, [, , rows = 0]) => rate * rows);
    expectRow('commits/s', (rate, [, , , commits = 0]) => rate * commits);
    expectRow('GB/day, 2 kB per call', (rate, [, , , , stored = 0]) => (rate * 86_400 * stored) / 1e6);
    expectRow('GB/day, 50 kB per call', (rate, [, , , , stored = 0]) => (rate * 86_400 * stored) / 1e6, large);
  });

  it('uses costs within the measured ranges', () => {
    const page = readFileSync(join(ROOT, 'docs/scale.md'), 'utf8');
    const rows = tableRows(page);
    for (const [, kind, size] of page.matchAll(/^\| (full|otlp-only), (\d+) kB \|/gm)) {
      const [, ...used] = rows.find(([name]) => name === `${kind}, ${size} kB`) ?? [];
      const [, cpu, written] = rows.filter((row) => row[0] === kind && row[1] === '5 spans' && row[2] === `${size} kB`);
      const measured = [cpu?.[4], cpu?.[5], written?.[6], written?.[7], written?.[4]];
      for (const [index, range = ''] of measured.entries()) {
        const [low = 0, high = low] = (range.match(/[\d.]+/g) ?? []).map(Number);
        expect(Number(used[index]), `${kind}, ${size} kB: ${range}`).to.be.within(low, high);
      }
    }
  });
});
