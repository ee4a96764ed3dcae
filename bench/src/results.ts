/** Where results are kept: as JSON of the latest run, and in the README between two marks. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Machine } from './machine.js';
import type { PartResult } from './part.js';
import { formatMarkdown, targetTable } from './table.js';

const FOLDER: string = resolve(import.meta.dirname, '..');
const BEGIN = '<!-- results: written by npm run bench -- --thorough --write-readme -->';
const END = '<!-- end of results -->';

export interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly thorough: boolean;
  readonly seconds: number;
  readonly parts: Readonly<Record<string, PartResult & { readonly title: string; readonly seconds: number }>>;
}

/** @returns the file's path, from the repository */
export function saveResults(results: Results): string {
  mkdirSync(join(FOLDER, 'results'), { recursive: true });
  writeFileSync(join(FOLDER, 'results', 'latest.json'), `${JSON.stringify(results, undefined, 2)}\n`);
  return 'bench/results/latest.json';
}

export function writeReadme(results: Results): void {
  const file = join(FOLDER, 'README.md');
  writeFileSync(file, withResults(readFileSync(file, 'utf8'), results));
}

/** @throws Error when the text has no place for results */
export function withResults(readme: string, results: Results): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`bench/README.md needs the lines "${BEGIN}" and "${END}".`);
  return `${readme.slice(0, begin)}${BEGIN}\n\n${markdown(results)}\n${readme.slice(end)}`;
}

function markdown({ date, machine, seconds, parts }: Results): string {
  const head = `Measured on ${date.slice(0, 10)} in ${Math.round(seconds / 60)} minutes: ${machine.processor}, Node.js ${machine.node}, load ${machine.load.toFixed(1)} at the start.\n`;
  const sections = Object.values(parts).map(({ title, tables, targets }) => {
    const all = targets.length > 0 ? [...tables, targetTable(targets)] : tables;
    return [`### ${title}\n`, ...all.map(formatMarkdown)].join('\n');
  });
  return [head, ...sections].join('\n');
}
