import { join } from 'node:path';
import sirv from 'sirv';
import { buildPackages } from 'testing/build.js';
import { type HttpServer, listen } from 'testing/http-server.js';
import { build } from 'vitepress';
import { writeApi } from './api.js';
import { siteProblems } from './check.js';
import { ROOT } from './pages.js';

/** Where the site is built by default. */
export const OUT = join(ROOT, 'docs/.vitepress/dist');

/** How to build the site. */
export interface SiteOptions {
  /** Path below which it will be served, with slashes at both ends. */
  readonly base: string;
  /** Folder for the built site. Default: `docs/.vitepress/dist`. */
  readonly out?: string;
  /** Whether the code of pages is made short. Default: true. */
  readonly minify?: boolean;
}

/**
 * Builds the documentation site, with the API reference of the packages as they are built now.
 *
 * @throws Error that names what is wrong: a link, an anchor, a docstring
 */
export async function buildSite({ base, out = OUT, minify = true }: SiteOptions): Promise<void> {
  if (!/^\/(?:.*\/)?$/.test(base)) throw new Error(`The base "${base}" must begin and end with a slash.`);
  await buildPackages();
  await writeApi();
  await build(join(ROOT, 'docs'), { base, outDir: out, ...(minify ? {} : { minify }) });
  const problems = siteProblems(out, base);
  if (problems.length > 0) throw new Error(`The site has mistakes:\n${problems.join('\n')}`);
}

/** Serves a built site on this machine only. */
export function serveSite(base: string, out = OUT): Promise<HttpServer> {
  const files = sirv(out);
  return listen((request, response) => {
    const notFound = (): void => void response.writeHead(404).end('Not found');
    if (!request.url?.startsWith(base)) return notFound();
    request.url = request.url.slice(base.length - 1);
    files(request, response, notFound);
  });
}
