/** One form for every result: what is printed, stored as JSON and written into the README. */

import type { Estimate } from './statistics.js';

export type Cell = string | number | Estimate | undefined;

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly Cell[])[];
}

/** What must be reached: a figure of this run and the most it may be. */
export interface Target {
  readonly what: string;
  readonly value: Estimate | number;
  readonly limit: number;
  /** `most`: at most the limit; `least`: at least; `none`: the interval includes zero, or ends below the limit. */
  readonly kind: 'most' | 'least' | 'none';
  /** What yardsticks come to in place of `value`, by their names. */
  readonly floors?: Readonly<Record<string, Estimate>>;
}

type Verdict = 'yes' | 'open' | 'NO';

/** `open` when the limit is within the interval: this run cannot tell. */
export function verdict({ value, limit, kind }: Target): Verdict {
  const { low, high } = typeof value === 'number' ? { low: value, high: value } : value;
  if (kind === 'least') return low >= limit ? 'yes' : high < limit ? 'NO' : 'open';
  if (kind === 'none' && low <= 0 && high >= 0) return 'yes';
  return high <= limit ? 'yes' : low > limit ? 'NO' : 'open';
}

export function targetTable(targets: readonly Target[]): Table {
  const limit = ({ limit, kind }: Target): string =>
    `${{ most: '≤', least: '≥', none: 'none or ≤' }[kind]} ${formatNumber(limit)}`;
  const row = (target: Target): Cell[] => [target.what, limit(target), target.value, verdict(target)];
  const names = [...new Set(targets.flatMap(({ floors = {} }) => Object.keys(floors)))];
  return {
    title: 'Targets',
    columns: ['', 'limit', 'this run', 'met', ...names.flatMap((name) => [`by \`${name}\``, 'met'])],
    rows: targets.map((target) => [
      ...row(target),
      ...names.flatMap((name) => {
        const value = target.floors?.[name];
        return value ? [value, verdict({ ...target, value })] : [undefined, undefined];
      }),
    ]),
  };
}

export function formatText({ title, columns, rows }: Table): string {
  const lines = [columns, ...rows.map((row) => row.map(formatCell))];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const text = lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join('  ')
      .trimEnd(),
  );
  return [title, ...text, ''].join('\n');
}

export function formatMarkdown({ title, columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = `|${columns.map((_, column) => (column === 0 ? '---|' : '--:|')).join('')}`;
  return [`**${title}**`, '', line(columns), rule, ...rows.map((row) => line(row.map(formatCell))), ''].join('\n');
}

function formatCell(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return formatNumber(cell);
  // One measurement, or as many that agree: brackets would look like certainty.
  if (cell.low === cell.high) return formatNumber(cell.median);
  return `${formatNumber(cell.median)} [${formatNumber(cell.low)}, ${formatNumber(cell.high)}]`;
}

function formatNumber(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
