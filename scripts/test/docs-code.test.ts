/** Checks the code on every page. docs-code.long.test.ts runs what is a program. */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { parse } from 'yaml';
import { type Block, readBlocks } from './support/docs-code/blocks.js';
import { commandFaults } from './support/docs-code/command-faults.js';
import { compileErrors, installedAt } from './support/docs-code/compile.js';
import { missingInstalls } from './support/docs-code/installs.js';
import { readRepository } from './support/docs-code/repository.js';
import { commandsOf } from './support/docs-code/shell.js';
import { packagesIn, sourcesOf, textOf } from './support/docs-code/sources.js';

const ROOT = resolve(import.meta.dirname, '../..');

/** Packages of code in the docs that are not installed here, so that the compiler does not know their types. */
const ABSENT = [
  ...['@sveltejs/adapter-node', '@sveltejs/kit', '@vercel/otel'],
  // Of the pages about migration.
  ...['@arizeai/openinference-instrumentation-bedrock', '@traceloop/instrumentation-bedrock', 'mlflow-tracing'],
  ...['@langfuse/otel', '@langfuse/tracing'],
];
/** A block that the compiler does not see has its reason on the page. There should be few. */
const MAX_UNCHECKED = 3;
const LANGUAGES = ['', 'js', 'json', 'sh', 'toml', 'ts', 'yaml'];

describe('the code in the documentation', () => {
  const blocks = readBlocks(ROOT);
  const sources = sourcesOf(blocks);
  const where = ({ page, number }: Block): string => `${page}:${number}`;
  const of = (language: string): Block[] => blocks.filter((block) => block.language === language);

  it('compiles as in an application that has installed the packages', async () => {
    expect(await compileErrors(ROOT, sources, ABSENT)).to.deep.equal([]);
  });

  it('is seen by the compiler, except for a few blocks that name a reason', () => {
    const unchecked = blocks.filter((block) => block.unchecked !== undefined);
    expect(unchecked.length, unchecked.map(where).join()).to.be.at.most(MAX_UNCHECKED);
    const imported = new Set(sources.flatMap(({ lines }) => [...packagesIn(textOf(lines))]));
    expect([...imported].filter((name) => installedAt(ROOT, name) === undefined)).to.have.members(ABSENT);
  });

  it('quotes lines of this repository as they are', () => {
    const changed = blocks.flatMap(({ page, lines, quotes }) => {
      if (quotes === undefined) return [];
      const there = new Set(readFileSync(join(ROOT, quotes), 'utf8').split('\n').map(withoutComment));
      return lines
        .filter(({ text }) => withoutComment(text) !== '' && !there.has(withoutComment(text)))
        .map(({ text, number }) => `${page}:${number}: ${text}`);
    });
    expect(changed).to.deep.equal([]);
  });

  it('imports only packages that the commands of the page install', () => {
    const missing = [...new Set(blocks.map(({ page }) => page))].flatMap((page) => {
      const ofPage = blocks.filter((block) => block.page === page);
      return missingInstalls(readFileSync(join(ROOT, page), 'utf8'), ofPage).map((name) => `${page}: ${name}`);
    });
    expect(missing).to.deep.equal([]);
  });

  it('has commands that a shell can read, with programs, options, files and variables that exist', async () => {
    const scripts = of('sh').map(({ lines }) => textOf(lines));
    const read = 'for script; do bash -n <<<"$script" 2>/dev/null || echo "$script"; done';
    const { stdout } = await execa('bash', ['-c', read, 'bash', ...scripts]);
    expect(stdout).to.equal('');
    const repository = readRepository(ROOT);
    const faults = of('sh')
      .flatMap(commandsOf)
      .flatMap((command) =>
        commandFaults(command, repository).map((fault) => `${command.page}:${command.number}: ${fault}`),
      );
    expect(faults).to.deep.equal([]);
  });

  it('is in a language that is checked, and JSON and YAML can be read', () => {
    expect(blocks.filter(({ language }) => !LANGUAGES.includes(language)).map(where)).to.deep.equal([]);
    for (const block of of('json')) expect(() => JSON.parse(textOf(block.lines)), where(block)).to.not.throw();
    for (const block of of('yaml')) expect(() => parse(textOf(block.lines)), where(block)).to.not.throw();
  });
});

function withoutComment(line: string): string {
  return line.replace(/(?:^|\s)\/\/.*$/, '').trim();
}
