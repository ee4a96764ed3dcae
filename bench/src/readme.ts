/** The results in the README, between two marks. */

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Region, replaceRegion } from 'testing/markdown.js';
import type { Cell, Table } from './table.js';

const FILE: string = resolve(import.meta.dirname, '..', 'README.md');
const REGION: Region = { page: 'bench/README.md', name: 'results', command: 'npm run bench -- --write-readme' };
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
  return replaceRegion(readme, REGION, results);
}
