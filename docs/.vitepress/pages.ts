import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { SIDEBAR } from './sidebar.js';

export const ROOT = resolve(import.meta.dirname, '../..');
/** The page with which the site starts. */
export const HOME = 'docs/index.md';
/** Folder of the generated API reference. */
export const API = 'docs/api';

/** Routes that do not follow from the path. */
const ROUTES: Readonly<Record<string, string>> = {
  'README.md': 'overview.md',
  'bench/README.md': 'benchmarks.md',
  'deploy/README.md': 'compose.md',
};

/** A page of the site. */
export interface Page {
  /** Path of its Markdown file from the root of the repository, with slashes. */
  readonly file: string;
  /** Path of the page on the site, as a Markdown file. */
  readonly route: string;
}

/** A group of the sidebar with the pages that exist. */
export interface PageGroup {
  readonly title: string;
  readonly isClosed: boolean;
  readonly pages: readonly Page[];
}

/** All Markdown files of the repository as paths from its root, except those of installed and built packages. */
export function markdownFiles(folder = ''): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return /^(?:node_modules|dist|\..*)$/.test(entry.name) ? [] : markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** The pages of the sidebar, each in the first group that names it. */
export function groupPages(files: readonly string[]): PageGroup[] {
  const taken = new Set([HOME]);
  return SIDEBAR.map(({ title, pages, isClosed = false }) => {
    const members = pages.flatMap((pattern) => files.filter((file) => matches(pattern, file)).toSorted());
    const fresh = members.filter((file) => !taken.has(file));
    for (const file of fresh) taken.add(file);
    return { title, isClosed, pages: fresh.map((file) => ({ file, route: routeOf(file) })) };
  });
}

function matches(pattern: string, file: string): boolean {
  const parts = pattern.split('/');
  const names = file.split('/');
  return (
    parts.length === names.length && parts.every((part, at) => part === names[at] || part === '*' || part === '*.md')
  );
}

/** Path of a Markdown file on the site: without `docs/` and in lower case; a README is named after its folder. */
function routeOf(file: string): string {
  const route = ROUTES[file] ?? file.replace(/^docs\//, '').replace(/\/README\.md$/, '.md');
  return route.toLowerCase();
}

/** The first heading of a Markdown file without its markup. */
export function titleOf(file: string): string {
  const [, title] = /^# (.*)$/m.exec(readFileSync(join(ROOT, file), 'utf8')) ?? [];
  if (title === undefined) throw new Error(`${file} has no heading. Begin it with a line "# Title".`);
  return title.replaceAll(/[`*]/g, '').replaceAll(/\\(.)/g, '$1');
}
