import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { codeBlocks } from 'testing/markdown.js';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../../docs/troubleshooting.md'), 'utf8');

const QUOTES = codeBlocks(PAGE);

/**
 * Expects docs/troubleshooting.md to quote a message in whole lines, word for word.
 *
 * @param stable replaces values that differ between runs, such as addresses, with those on the page
 */
export function expectQuoted(said: string, stable: Readonly<Record<string, string>> = {}): void {
  const text = Object.entries(stable).reduce((left, [actual, shown]) => left.replaceAll(actual, shown), said.trim());
  const isQuoted = QUOTES.some((quote) => `\n${quote}`.includes(`\n${text}\n`));
  expect(isQuoted, `docs/troubleshooting.md quotes:\n${text}\n`).to.equal(true);
}
