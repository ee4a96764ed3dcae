/** Builds the documentation site and reads it in a real browser. Needs Chromium (Debian: `chromium`). */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Page, startBrowser, type TestBrowser } from 'testing/browser.js';
import type { HttpServer } from 'testing/http-server.js';
import { groupPages, markdownFiles, titleOf } from '../.vitepress/pages.js';
import { buildSite, serveSite } from '../.vitepress/site.js';

const BASE = '/bedrock/';

describe('the documentation site', function () {
  this.timeout(300_000);
  let out: string;
  let server: HttpServer;
  let browser: TestBrowser | undefined;
  let page: Page;
  /** What went wrong in pages: messages on the console and answers other than 200 and 304. */
  const faults: string[] = [];

  before(async function () {
    out = await mkdtemp(join(tmpdir(), 'docs-site-'));
    await buildSite({ base: BASE, out, minify: false });
    server = await serveSite(BASE, out);
    browser = await startBrowser({ viewport: { width: 1280, height: 640 }, colorScheme: 'light' });
    if (!browser) this.skip();
    page = await browser.context.newPage();
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('response', (response) => {
      if (![200, 304].includes(response.status())) faults.push(`${response.status()} ${response.url()}`);
    });
  });

  afterEach(() => {
    expect(faults.splice(0)).to.deep.equal([]);
    expect(browser?.blocked ?? []).to.deep.equal([]);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    await rm(out, { recursive: true, force: true });
  });

  /** Opens a page of the site. */
  async function open(route: string): Promise<void> {
    await page.goto(`${server.url}${BASE}${route}`);
    await expectImages();
  }

  async function expectImages(): Promise<void> {
    const broken = await page
      .locator('img')
      .evaluateAll((images) =>
        (images as HTMLImageElement[]).filter((image) => !image.naturalWidth).map(({ src }) => src),
      );
    expect(broken).to.deep.equal([]);
  }

  it('leads from its home page to the first steps', async () => {
    await open('');
    await page.getByRole('link', { name: 'Getting started' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'Getting started' }).waitFor();
  });

  it('finds an option by its name, and opens the place where it is explained', async () => {
    await open('settings.html');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('searchbox').fill('recordStreamEvents');
    const hit = page.locator('#localsearch-list a').first();
    await hit.waitFor();
    const target = await hit.getAttribute('href');
    await hit.click();
    await page.waitForURL((url) => url.pathname + url.hash === target);
    await page.getByText('recordStreamEvents').first().waitFor();
  });

  it('remembers that a reader prefers dark pages', async () => {
    const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await open('settings.html');
    expect(await background()).to.equal('rgb(255, 255, 255)');
    await page.locator('.VPNavBarAppearance').getByRole('switch').click();
    await open('settings.html');
    expect(await background()).to.equal('rgb(27, 27, 31)');
  });

  it('shows every page of the sidebar', async () => {
    await open('overview.html');
    const links = await page.locator('.VPSidebar a').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    const pages = groupPages(markdownFiles()).flatMap((group) => group.pages);
    expect(links).to.deep.equal(pages.map(({ route }) => `${BASE}${route.replace(/\.md$/, '.html')}`));
    for (const { file, route } of pages) {
      await page.evaluate(
        (href) => document.querySelector<HTMLElement>(`.VPSidebar a[href="${href}"]`)?.click(),
        `${BASE}${route.replace(/\.md$/, '.html')}`,
      );
      await page.locator('.vp-doc h1', { hasText: titleOf(file) }).waitFor();
      await expectImages();
    }
  });

  it('explains a function in the API reference, with links to its types', async () => {
    await open('api/mlflow-bedrock.html#autolog');
    await page.getByRole('link', { name: 'AutologOptions' }).first().click();
    await page.getByRole('heading', { name: 'AutologOptions' }).waitFor();
    await page.getByRole('cell', { name: 'propagateSession' }).waitFor();
  });

  it('fits a phone, with its menu behind a button', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const route of ['', 'attributes.html', 'api/opentelemetry-exporter-mlflow.html']) {
      await open(route);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), route).to.equal(390);
    }
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.locator('.VPSidebar').getByText('Troubleshooting').click();
    await page.getByRole('heading', { level: 1, name: 'Troubleshooting' }).waitFor();
  });
});
