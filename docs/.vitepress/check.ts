import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a built page has that another page or the network may depend on. */
interface BuiltPage {
  readonly ids: ReadonlySet<string>;
  readonly headings: readonly string[];
  /** Targets of `<a>`. */
  readonly links: readonly string[];
  /** What the browser loads with the page. */
  readonly loads: readonly string[];
}

const REMOTE = /^(?:[a-z]+:)?\/\//;

/**
 * Checks a built site: every link, anchor and file that pages name exists, nothing is loaded from other hosts, and no heading
 * stands twice on a page. In the API reference, classes have methods of the same name.
 *
 * @param out folder of the site
 * @param base path below which the site is served
 * @returns a sentence for each problem
 */
export function siteProblems(out: string, base: string): string[] {
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'));
  const existing = new Set(files);
  const pages = new Map(files.filter((file) => file.endsWith('.html')).map((file) => [file, read(join(out, file))]));
  const problems: string[] = [];
  for (const [file, page] of pages) {
    const say = (problem: string): number => problems.push(`${file}: ${problem}`);
    for (const link of page.links.filter((target) => !/^[a-z]+:/.test(target))) {
      const { path, anchor } = locate(link, file, base);
      if (!existing.has(path)) say(`${link} leads nowhere.`);
      else if (anchor && !pages.get(path)?.ids.has(anchor)) say(`${link} names a heading that ${path} does not have.`);
    }
    for (const target of page.loads) {
      if (REMOTE.test(target)) say(`It loads ${target} from another host.`);
      else if (!target.startsWith('data:') && !existing.has(locate(target, file, base).path))
        say(`${target} is missing.`);
    }
    if (!file.startsWith('api/'))
      for (const heading of repeated(page.headings)) say(`It has the heading "${heading}" twice.`);
  }
  for (const file of files.filter((name) => name.endsWith('.css'))) {
    const [remote] =
      /(?:url\(|@import)\s*["']?(?:https?:)?\/\/[^)"']+/.exec(readFileSync(join(out, file), 'utf8')) ?? [];
    if (remote) problems.push(`${file}: It loads ${remote} from another host.`);
  }
  return problems;
}

/** Vue writes every attribute in double quotes, so patterns read them. */
function read(file: string): BuiltPage {
  const html = readFileSync(file, 'utf8');
  const values = (pattern: RegExp): string[] =>
    [...html.matchAll(pattern)].map(([, value = '']) => unescapeHtml(value));
  const withoutTags = (text: string): string =>
    text.replaceAll(/<a class="header-anchor".*?<\/a>|<[^>]*>/gs, '').trim();
  return {
    ids: new Set(values(/\sid="([^"]*)"/g)),
    headings: values(/<h[1-6] id=[^>]*>(.*?)<\/h[1-6]>/gs).map(withoutTags),
    links: values(/<a\s[^>]*?href="([^"]*)"/g),
    loads: [
      ...values(/<(?:img|script|source|video|iframe)\s[^>]*?src="([^"]*)"/g),
      ...values(/<link\s[^>]*?href="([^"]*)"/g),
    ],
  };
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** The file of the site that a target names, and its anchor. */
function locate(target: string, file: string, base: string): { path: string; anchor: string } {
  const { pathname, hash } = new URL(target, `http://site${base}${file}`);
  const path = decodeURIComponent(pathname);
  // A path outside the base is not part of the site.
  const inside = path.startsWith(base) ? path.slice(base.length) : path;
  return {
    path: inside === '' || inside.endsWith('/') ? `${inside}index.html` : inside,
    anchor: decodeURIComponent(hash.slice(1)),
  };
}

function repeated(texts: readonly string[]): string[] {
  return texts.filter((text, at) => texts.indexOf(text) < at);
}
