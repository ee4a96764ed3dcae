import { expect } from 'chai';
import { formatMarkdown, formatText, type Table, targetTable, verdict } from '../src/table.js';

const TABLE: Table = {
  title: 'Cost',
  columns: ['', 'per call', 'answer'],
  rows: [
    ['ours', { median: 12.34, low: -1, high: 1234.5 }, 'right'],
    ['other', 7, undefined],
  ],
};

describe('tables of the benchmark', () => {
  it('are aligned for a terminal', () => {
    const lines = [
      'Cost',
      '               per call  answer',
      'ours   12.3 [-1, 1,235]   right',
      'other                 7',
      '',
    ];
    expect(formatText(TABLE)).to.equal(lines.join('\n'));
  });

  it('are Markdown for the README', () => {
    expect(formatMarkdown(TABLE)).to.equal(
      '**Cost**\n\n|  | per call | answer |\n|---|--:|--:|\n| ours | 12.3 [-1, 1,235] | right |\n| other | 7 |  |\n',
    );
  });

  it('show no interval where there is none', () => {
    const once = { ...TABLE, rows: [['once', { median: 3, low: 3, high: 3 }, 'right']] };
    expect(formatMarkdown(once)).to.include('| once | 3 | right |');
  });

  it('say which targets are met', () => {
    const noise = { median: 0.03, low: -0.01, high: 0.05 };
    expect(verdict({ what: '', value: 0.5, limit: 0.5, kind: 'most' })).to.equal('yes');
    expect(verdict({ what: '', value: 0.51, limit: 0.5, kind: 'most' })).to.equal('NO');
    expect(verdict({ what: '', value: noise, limit: 0.04, kind: 'most' })).to.equal('open');
    expect(verdict({ what: '', value: 0.94, limit: 0.95, kind: 'least' })).to.equal('NO');
    expect(verdict({ what: '', value: noise, limit: 0.04, kind: 'least' })).to.equal('open');
    expect(verdict({ what: '', value: noise, limit: -0.01, kind: 'least' })).to.equal('yes');
    expect(verdict({ what: '', value: noise, limit: 0.02, kind: 'none' })).to.equal('yes');
    expect(verdict({ what: '', value: { ...noise, low: 0.01 }, limit: 0.02, kind: 'none' })).to.equal('open');
    expect(verdict({ what: '', value: { ...noise, low: 0.01 }, limit: 0.05, kind: 'none' })).to.equal('yes');
    expect(targetTable([{ what: 'speed', value: 0.4, limit: 0.5, kind: 'most' }]).rows).to.deep.equal([
      ['speed', '≤ 0.50', 0.4, 'yes'],
    ]);
  });

  it('say beside each target whether the yardsticks would meet it', () => {
    const least = { median: 0.4, low: 0.35, high: 0.45 };
    const most = { median: 0.6, low: 0.55, high: 0.7 };
    const { columns, rows } = targetTable([
      { what: 'speed', value: 0.8, limit: 0.5, kind: 'most', floors: { least, most } },
      { what: 'size', value: 0.4, limit: 0.5, kind: 'most', floors: { most } },
      { what: 'rate', value: 0.4, limit: 0.5, kind: 'most' },
    ]);
    expect(columns).to.deep.equal(['', 'limit', 'this run', 'met', 'by `least`', 'met', 'by `most`', 'met']);
    expect(rows).to.deep.equal([
      ['speed', '≤ 0.50', 0.8, 'NO', least, 'yes', most, 'NO'],
      ['size', '≤ 0.50', 0.4, 'yes', undefined, undefined, most, 'NO'],
      ['rate', '≤ 0.50', 0.4, 'yes', undefined, undefined, undefined, undefined],
    ]);
  });
});
