import { existsSync, statSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { ROOT } from './pages.js';

type Token = ReturnType<MarkdownRenderer['parse']>[number];

/** What links of the site need to know. */
export interface LinkTargets {
  /** From the path of each page's file to its route. */
  readonly routes: ReadonlyMap<string, string>;
  /** Address of the repository's page, if it is known. */
  readonly repository: string | undefined;
}

/** Where a link leads. */
type Target =
  /** A page or an address, as it stands in the link. */
  | { readonly href: string }
  /** A file of the repository, whose address is unknown. */
  | { readonly file: string };

/** Changes links that work on GitHub so that they work on the site. */
export function linkPlugin(md: MarkdownRenderer, targets: LinkTargets): void {
  md.core.ruler.push('repository_links', ({ tokens, env }) => {
    const { realPath, path } = env as { realPath?: string; path: string };
    const source = relative(ROOT, realPath ?? path).replaceAll('\\', '/');
    for (const { children } of tokens) if (children) rewriteLinks(children, source, targets);
  });
}

function rewriteLinks(tokens: Token[], source: string, targets: LinkTargets): void {
  for (const [at, open] of tokens.entries()) {
    if (open.type !== 'link_open') continue;
    const target = resolveLink(String(open.attrGet('href')), source, targets);
    if ('href' in target) open.attrSet('href', target.href);
    else hideLink(tokens, at, target.file);
  }
}

/** Leaves the text of a link. The path of the file is its tooltip. */
function hideLink(tokens: Token[], at: number, file: string): void {
  const close = tokens.findIndex(({ type }, index) => index > at && type === 'link_close');
  for (const token of [tokens[at], tokens[close]]) if (token) token.tag = 'span';
  const open = tokens[at];
  if (!open) return;
  open.type = 'file_open';
  open.attrs = [['title', file]];
}

/**
 * Finds what a link on a page means on the site.
 *
 * @param href as written on the page
 * @param source path of the page's file
 */
export function resolveLink(href: string, source: string, { routes, repository }: LinkTargets): Target {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return { href };
  const [path = '', anchor] = href.split('#');
  const file = posix.join(posix.dirname(source), decodeURI(path)).replace(/\/$/, '');
  const route = routes.get(file) ?? routes.get(posix.join(file, 'README.md'));
  const hash = anchor === undefined ? '' : `#${anchor}`;
  if (route !== undefined) return { href: `/${route}${hash}` };
  if (!existsSync(join(ROOT, file))) return { href };
  if (repository === undefined) return { file };
  const kind = statSync(join(ROOT, file)).isDirectory() ? 'tree' : 'blob';
  return { href: `${repository}/${kind}/HEAD/${file}${hash}` };
}
