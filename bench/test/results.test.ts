import { expect } from 'chai';
import { type Results, withResults } from '../src/results.js';

const RESULTS: Results = {
  date: '2026-11-21T10:00:00.000Z',
  machine: { processor: '2 x AMD EPYC, x64', node: '20.20.2', load: 0.12 },
  versions: {},
  thorough: true,
  seconds: 540,
  parts: {
    calls: {
      title: 'Overhead of a call',
      seconds: 200,
      tables: [{ title: 'Converse', columns: ['', 'µs'], rows: [['ours', 100]] }],
      targets: [{ what: 'ours / peer', value: 0.4, limit: 0.5, kind: 'most' }],
    },
  },
};
const BEGIN = '<!-- results: written by npm run bench -- --thorough --write-readme -->';
const END = '<!-- end of results -->';

describe('results of the benchmark in the README', () => {
  it('replace those of the last run, and nothing else', () => {
    const readme = withResults(`# Benchmark\n\n${BEGIN}\nold\n${END}\n\nafter\n`, RESULTS);
    expect(readme)
      .to.match(/^# Benchmark\n/)
      .and.to.match(/\n\nafter\n$/);
    expect(readme).not.to.contain('old');
    expect(readme).to.contain('2 x AMD EPYC, x64, Node.js 20.20.2, load 0.1');
    expect(readme).to.contain('### Overhead of a call\n').and.to.contain('| ours | 100 |');
    expect(readme).to.contain('| ours / peer | ≤ 0.50 | 0.40 | yes |');
    expect(withResults(readme, RESULTS)).to.equal(readme);
  });

  it('need their place', () => {
    expect(() => withResults('# Benchmark\n', RESULTS)).to.throw(Error, 'bench/README.md needs the lines');
  });
});
