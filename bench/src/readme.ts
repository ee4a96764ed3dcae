/** The results in the README, between two marks. */

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Cell, Table } from './table.js';

const FILE: string = resolve(import.meta.dirname, '..', 'README.md');
const BEGIN = '<!-- results: written by npm run bench -- --write-readme -->';
const END = '<!-- end of results -->';
const SHORT_STREAM = 'Open stream, 100 chunks, KiB';

/** The rows that fit into a README: what a call costs with and without content. The terminal shows all rows. */
export function summaryOf({ columns, rows }: Table): Table {
  if (columns[1] !== 'recorded') return { columns, rows };
  const isDetail = (name: Cell, recorded: Cell): boolean =>
    recorded === 'chunk events' || recorded === 'unsampled' || name === SHORT_STREAM;
  return { columns, rows: rows.filter(([name, recorded]) => !isDetail(name, recorded)) };
}

/** @throws Error if the README has no place for results */
export function writeReadme(results: string): void {
  writeFileSync(FILE, withResults(readFileSync(FILE, 'utf8'), results));
}

/** @throws Error if the text has no place for results */
export function withResults(readme: string, results: string): string {
  return replaceBetween(readme, { file: 'bench/README.md', begin: BEGIN, end: END }, results);
}

/** @throws Error that names the file and the lines if the page does not have them */
export function replaceBetween(
  page: string,
  { file, begin, end }: Readonly<Record<'file' | 'begin' | 'end', string>>,
  text: string,
): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} needs the lines "${begin}" and "${end}".`);
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
}
