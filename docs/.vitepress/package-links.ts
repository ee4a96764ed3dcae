import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { API, ROOT } from './pages.js';

const README = /^packages\/[^/]+\/README\.md$/;

/** Adds a line with links to the API reference and the changelog below the title of each published package's README. */
export function packageLinksPlugin(md: MarkdownRenderer, routes: ReadonlyMap<string, string>): void {
  md.core.ruler.push('package_links', ({ tokens, env }) => {
    const { realPath, path } = env as { realPath?: string; path: string };
    const file = relative(ROOT, realPath ?? path).replaceAll('\\', '/');
    const line = README.test(file) ? packageLinks(file, routes) : undefined;
    const titleEnd = tokens.findIndex(({ type }) => type === 'heading_close');
    if (line !== undefined) tokens.splice(titleEnd + 1, 0, ...md.parse(line, { path: ROOT }));
  });
}

function packageLinks(readme: string, routes: ReadonlyMap<string, string>): string | undefined {
  const manifest = readme.replace('README.md', 'package.json');
  const { name } = JSON.parse(readFileSync(join(ROOT, manifest), 'utf8')) as { name: string };
  const api = routes.get(`${API}/${name}.md`);
  const changelog = routes.get(readme.replace('README.md', 'CHANGELOG.md'));
  return api && changelog ? `[API reference](/${api}) · [Changelog](/${changelog})` : undefined;
}
