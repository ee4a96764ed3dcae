import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../../docs/troubleshooting.md'), 'utf8');

/** What stands in code blocks, without the indentation of lists. */
const QUOTES = [...PAGE.matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, text = '']) => text);

/**
 * Expects that docs/troubleshooting.md quotes what a user sees, whole lines word for word.
 *
 * @param stable what differs from run to run, an address for example, and what the page has in its place
 */
export function expectQuoted(said: string, stable: Readonly<Record<string, string>> = {}): void {
  const text = Object.entries(stable).reduce((left, [actual, shown]) => left.replaceAll(actual, shown), said.trim());
  const isQuoted = QUOTES.some((quote) => `\n${quote}`.includes(`\n${text}\n`));
  expect(isQuoted, `docs/troubleshooting.md quotes:\n${text}\n`).to.equal(true);
}
