import { expect } from 'chai';
import { summaryOf, withResults } from '../src/readme.js';
import { figureOf, ratioOf } from '../src/statistics.js';
import { formatMarkdown, formatText, type Table } from '../src/table.js';

const TABLE: Table = {
  columns: ['', 'this project', 'other'],
  rows: [
    ['call', figureOf([12.3, 1234.5, -1]), 'no tokens'],
    ['chunk', figureOf([0.7]), undefined],
  ],
};

describe('figures of several processes', () => {
  it('are the median with the lowest and the highest value', () => {
    expect(figureOf([5, 1, 2, 4])).to.deep.equal({ median: 3, lowest: 1, highest: 5 });
  });

  it('make a ratio within each process', () => {
    expect(ratioOf([10, 40, 90], [10, 20, 30])).to.deep.equal({ median: 2, lowest: 1, highest: 3 });
  });

  it('make no ratio if a divisor is within the noise or nothing was measured', () => {
    expect(ratioOf([10, 40], [10, -1])).to.equal(undefined);
    expect(ratioOf([], [])).to.equal(undefined);
  });
});

describe('tables of the benchmark', () => {
  it('are aligned for a terminal', () => {
    const lines = ['         this project      other', 'call   12 [-1, 1,235]  no tokens', 'chunk            0.70'];
    expect(formatText(TABLE)).to.equal(lines.join('\n'));
  });

  it('are Markdown for the README', () => {
    const lines = [
      '|  | this project | other |',
      '|---|--:|--:|',
      '| call | 12 [-1, 1,235] | no tokens |',
      '| chunk | 0.70 |  |',
    ];
    expect(formatMarkdown(TABLE)).to.equal(lines.join('\n'));
  });
});

describe('results in the README of the benchmark', () => {
  it('leave out details of calls, and no row of another table', () => {
    const rows = ['content', 'chunk events', 'no content', 'unsampled'].map((recorded) => ['Converse, µs', recorded]);
    const { rows: kept } = summaryOf({ columns: ['', 'recorded'], rows });
    expect(kept.map(([, recorded]) => recorded)).to.deep.equal(['content', 'no content']);
    const exporters: Table = { columns: ['', 'CPU per span, µs'], rows: [['full', 'unsampled']] };
    expect(summaryOf(exporters)).to.deep.equal(exporters);
  });

  const BEGIN = '<!-- results: written by npm run bench -- --write-readme -->';
  const END = '<!-- end of results -->';

  it('replace those of the last run and nothing else', () => {
    const readme = `# Benchmark\n\n${BEGIN}\nold\n${END}\n\nafter\n`;
    const written = withResults(readme, 'new');
    expect(written).to.equal(`# Benchmark\n\n${BEGIN}\n\nnew\n\n${END}\n\nafter\n`);
    expect(withResults(written, 'new')).to.equal(written);
  });

  it('need a place between two marks', () => {
    expect(() => withResults('# Benchmark\n', 'new')).to.throw(Error, 'bench/README.md needs the lines');
  });
});
