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
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`bench/README.md needs the lines "${BEGIN}" and "${END}".`);
  return `${readme.slice(0, begin)}${BEGIN}\n\n${results}\n\n${readme.slice(end)}`;
}
