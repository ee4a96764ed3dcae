import { existsSync } from 'node:fs';
import { type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';

export type { BrowserContext, Locator, Page } from 'playwright-core';

/** Where distributions install the browser. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const ACTION_TIMEOUT_MILLIS = 20_000;
const LOOPBACK = /^https?:\/\/(?:127\.0\.0\.1|localhost)[:/]/;

/** A headless Chromium that reaches this machine only. */
export interface TestBrowser {
  /** Its pages wait at most 20 s for what a test looks for. */
  readonly context: BrowserContext;
  /** The addresses on other hosts that pages asked for, without an answer. */
  readonly blocked: readonly string[];
  /** Ends the browser and removes its files. */
  close(): Promise<void>;
}

/**
 * Starts the Chromium that is installed on this machine.
 *
 * @param options of the browser's pages, such as the size of the window. Default: 1600 × 1000.
 * @returns undefined, after a line on the console, if Chromium is not installed
 */
export async function startBrowser(options: BrowserContextOptions = {}): Promise<TestBrowser | undefined> {
  const executablePath = CHROMIUM.find(existsSync);
  if (!executablePath) {
    console.log('    Chromium is not installed (Debian: apt-get install chromium): the pages are not looked at.');
    return undefined;
  }
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  });
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, ...options });
  context.setDefaultTimeout(ACTION_TIMEOUT_MILLIS);
  const blocked: string[] = [];
  context.on('request', (request) => {
    if (/^https?:/.test(request.url()) && !LOOPBACK.test(request.url())) blocked.push(request.url());
  });
  return { context, blocked, close: () => browser.close() };
}
