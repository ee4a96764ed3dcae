import { counted } from '../common/counted.js';
import type { Result, Status } from './model/result.js';

const WIDTH = 9;

/** One result as text: status, what was found, and on a line of its own what to do. */
export function textOf({ status, what, todo }: Result): string {
  const lines = [`${status.padEnd(WIDTH)}${what}`];
  if (todo !== undefined) lines.push(`${' '.repeat(WIDTH)}-> ${todo}`);
  return lines.join('\n');
}

/** The last line of the text: how many problems and warnings there are. */
export function summaryOf(results: readonly Result[]): string {
  const counts = (['problem', 'warning'] as const).flatMap((status) => {
    const count = countOf(results, status);
    return count === 0 ? [] : [counted(count, status)];
  });
  return counts.length === 0 ? 'No problems found.' : `${counts.join(', ')}.`;
}

/** The whole report as JSON. */
export function jsonOf(results: readonly Result[]): string {
  const counts = { problems: countOf(results, 'problem'), warnings: countOf(results, 'warning') };
  return JSON.stringify({ ...counts, results }, undefined, 2);
}

/** The exit code: 1 if there is a problem, else 0. */
export function exitCodeOf(results: readonly Result[]): 0 | 1 {
  return countOf(results, 'problem') > 0 ? 1 : 0;
}

function countOf(results: readonly Result[], wanted: Status): number {
  return results.filter(({ status }) => status === wanted).length;
}
