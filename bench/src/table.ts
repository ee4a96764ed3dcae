/** How results are printed and written into the README. */

import type { Figure } from './statistics.js';

export type Cell = Figure | string | undefined;

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** For a terminal, with aligned columns. */
export function formatText({ columns, rows }: Table): string {
  const lines = [columns, ...rows.map((row) => row.map(formatCell))];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const align = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number);
  return lines.map((line) => line.map(align).join('  ').trimEnd()).join('\n');
}

export function formatMarkdown({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = `|${columns.map((_, column) => (column === 0 ? '---|' : '--:|')).join('')}`;
  return [line(columns), rule, ...rows.map((row) => line(row.map(formatCell)))].join('\n');
}

function formatCell(cell: Cell): string {
  if (cell === undefined || typeof cell === 'string') return cell ?? '';
  const { median, lowest, highest } = cell;
  const digits = Math.abs(highest) >= 10 ? 0 : 2;
  const format = (value: number): string =>
    value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const interval = `[${format(lowest)}, ${format(highest)}]`;
  // Brackets around a single measurement would suggest an interval.
  return format(lowest) === format(highest) ? format(median) : `${format(median)} ${interval}`;
}
