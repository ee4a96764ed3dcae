import { join } from 'node:path';
import { type DefaultTheme, defineConfig, type PageData } from 'vitepress';
import { codeCommentsPlugin } from './code-comments.js';
import { linkPlugin } from './links.js';
import { packageLinksPlugin } from './package-links.js';
import { groupPages, HOME, markdownFiles, type PageGroup, ROOT, titleOf } from './pages.js';
import { repositoryUrl } from './repository.js';
import { SIDEBAR_NAMES } from './sidebar.js';
import { anchorOf } from './slug.js';

const files = markdownFiles();
const groups = groupPages(files);
const routes = new Map([
  [HOME, 'index.md'],
  ...groups.flatMap(({ pages }) => pages.map(({ file, route }): [string, string] => [file, route])),
]);
const repository = repositoryUrl();

/** The spans of a trace. */
const ICON =
  'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="%235672cd"><path d="M1 2h10v3H1zM3 7h12v3H3zM5 12h6v3H5z"/></svg>';

/** VitePress' configuration. `npm run docs:site` sets the base path. */
export default defineConfig({
  title: 'mlflow-bedrock',
  description: 'Traces of Amazon Bedrock from TypeScript, in MLflow and any OpenTelemetry backend',
  head: [['link', { rel: 'icon', href: ICON }]],
  srcDir: '..',
  srcExclude: files.filter((file) => !routes.has(file)),
  rewrites: Object.fromEntries(routes),
  outDir: join(ROOT, 'docs/.vitepress/dist'),
  cacheDir: join(ROOT, 'docs/.vitepress/cache'),
  metaChunk: true,
  // Addresses of servers that the reader starts.
  ignoreDeadLinks: 'localhostLinks',
  markdown: {
    theme: { light: 'github-light', dark: 'github-dark' },
    anchor: { slugify: anchorOf },
    config(md) {
      codeCommentsPlugin(md);
      linkPlugin(md, { routes, repository });
      packageLinksPlugin(md, routes);
    },
  },
  vite: {
    build: {
      // Vite 5 itself names browsers that esbuild no longer supports.
      target: 'es2022',
      // The index of the search is one file, which loads when a reader searches. In kB.
      chunkSizeWarningLimit: 2000,
    },
  },
  transformPageData: ({ relativePath, title }) => (relativePath === 'index.md' ? homePage(title) : undefined),
  themeConfig: {
    outline: [2, 3],
    search: { provider: 'local' },
    nav: [
      { text: 'Start', link: '/getting-started' },
      { text: 'API', link: '/api' },
      { text: 'Examples', link: '/examples' },
    ],
    sidebar: groups.filter(({ pages }) => pages.length > 0).map(sidebarItem),
    ...(repository === undefined
      ? {}
      : {
          editLink: { pattern: `${repository}/edit/HEAD/:path` },
          socialLinks: [{ icon: 'github', link: repository }],
        }),
  },
});

/** The start of the home page, above its text. On GitHub, the page has only its text. */
function homePage(text: string): Partial<PageData> {
  const hero = {
    name: 'mlflow-bedrock',
    text,
    actions: [
      { theme: 'brand', text: 'Getting started', link: '/getting-started' },
      { theme: 'alt', text: 'Examples', link: '/examples' },
      { theme: 'alt', text: 'API reference', link: '/api' },
    ],
  };
  return { frontmatter: { layout: 'home', hero } };
}

function sidebarItem({ title, pages, isClosed }: PageGroup): DefaultTheme.SidebarItem {
  return {
    text: title,
    collapsed: isClosed,
    items: pages.map(({ file, route }) => ({
      text: SIDEBAR_NAMES[file] ?? titleOf(file),
      link: `/${route.replace(/\.md$/, '')}`,
    })),
  };
}
