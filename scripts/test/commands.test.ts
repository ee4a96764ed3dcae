/** The commands of this repository: package.json, scripts/bootstrap.mjs, CONTRIBUTING.md and usage texts name the same. */

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { runNode } from 'testing/run.js';
import { API, markdownFiles } from '../../docs/.vitepress/pages.js';

const ROOT = resolve(import.meta.dirname, '../..');
const BOOTSTRAP = 'node scripts/bootstrap.mjs ';
/** Have an installation and commands of their own. */
const BUNDLED = 'examples/bundled/';
const COMMAND = /\bnpm run ([a-z][a-z:-]*\w)/g;

describe('the commands of the repository', () => {
  const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

  it('are the tasks of scripts/bootstrap.mjs', async () => {
    const { output } = await runNode([join(ROOT, 'scripts/bootstrap.mjs')]);
    const tasks = /^Usage: node scripts\/bootstrap\.mjs (\S+) \[options\]$/m.exec(output)?.[1]?.split('|') ?? [];
    const started = Object.values(scripts).filter((script) => script.startsWith(BOOTSTRAP));
    const names = started.map((script) => script.slice(BOOTSTRAP.length).split(' ')[0]);
    expect([...new Set(names)]).to.have.members(tasks);
    for (const task of tasks) expect(scripts[task], task).to.match(new RegExp(`^${BOOTSTRAP}${task}(?: |$)`));
  });

  it('are all in CONTRIBUTING.md', () => {
    const page = read('CONTRIBUTING.md');
    const missing = Object.keys(scripts).filter((name) => !new RegExp(`npm (?:run )?${name}(?![\\w:-])`).test(page));
    expect(missing).to.deep.equal([]);
  });

  it('exist if a page, a usage text or a comment names them', () => {
    const pages = markdownFiles().filter((page) => !page.startsWith(API) && !page.startsWith(BUNDLED));
    const files = ['scripts', 'bench/src', 'packages/testing/src', 'docs/.vitepress'].flatMap(filesBelow);
    const unknown = [...pages, ...files, 'scripts/bootstrap.mjs'].flatMap((file) =>
      [...read(file).matchAll(COMMAND)]
        .map(([, name = '']) => name)
        .filter((name) => !(name in scripts))
        .map((name) => `${file}: npm run ${name}`),
    );
    expect(unknown).to.deep.equal([]);
  });

  function filesBelow(folder: string): string[] {
    return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return /^(?:node_modules|dist|cache)$/.test(entry.name) ? [] : filesBelow(path);
      return entry.name.endsWith('.ts') ? [path] : [];
    });
  }
});
