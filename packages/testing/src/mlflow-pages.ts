import type { Locator, Page, TestBrowser } from './browser.js';

/** Which experiment's pages to look at. */
interface PagesOf {
  readonly url: string;
  readonly experimentId: string;
}

/** MLflow's pages of one experiment, and what a person does there. */
export class MlflowPages {
  readonly page: Page;
  readonly #url: string;
  readonly #experiment: string;

  private constructor(page: Page, { url, experimentId }: PagesOf) {
    this.page = page;
    this.#url = url;
    this.#experiment = `${url}/#/experiments/${experimentId}`;
  }

  /** Opens the list of traces. Closes what MLflow shows on the first visit: an introduction and its assistant. */
  static async open({ context }: TestBrowser, of: PagesOf): Promise<MlflowPages> {
    const page = await context.newPage();
    const pages = new MlflowPages(page, of);
    await pages.traces();
    await page.getByRole('button', { name: 'Got it' }).click();
    await page.getByText('MLflow Assistant').locator('xpath=following::button').nth(2).click();
    return pages;
  }

  /** The same for another experiment of the server. */
  of(experimentId: string): MlflowPages {
    return new MlflowPages(this.page, { url: this.#url, experimentId });
  }

  traces(): Promise<void> {
    return this.#goto('/traces');
  }

  trace(traceId: string): Promise<void> {
    return this.#goto(`/traces?selectedEvaluationId=${traceId}`);
  }

  session(sessionId: string): Promise<void> {
    return this.#goto(`/chat-sessions/${sessionId}`);
  }

  /** Adds columns to the list of traces, or removes those that it has. */
  async toggleColumns(...names: string[]): Promise<void> {
    await this.page.getByRole('button', { name: 'Display' }).click();
    await this.page.getByText('Columns', { exact: true }).hover();
    const columns = this.page.getByRole('menu').last();
    for (const name of names) await columns.getByText(name, { exact: true }).first().click();
    await this.page.keyboard.press('Escape');
    await this.page.keyboard.press('Escape');
  }

  /** Selects a span in the tree of the open trace. */
  async span(name: string, index = 0): Promise<void> {
    await this.page.getByText(name, { exact: true }).nth(index).click();
  }

  async tab(name: string): Promise<void> {
    await this.page.getByRole('tab', { name }).click();
  }

  /** Waits until the page shows each of the texts. */
  shows(...texts: Text[]): Promise<void> {
    return new Part(this.page.locator('body')).shows(...texts);
  }

  /** Waits until pop-ups and the marks of mouse and keyboard are gone. */
  async settled(): Promise<void> {
    await this.page.evaluate('document.activeElement?.blur()');
    await this.page.mouse.move(0, 0);
    await this.page.getByRole('menu').waitFor({ state: 'detached' });
    await this.page.getByRole('tooltip').waitFor({ state: 'detached' });
  }

  /** A row of the list of traces. */
  row(input: string, options?: { readonly exact: boolean }): Part {
    return new Part(this.page.getByRole('row').filter({ has: this.page.getByText(input, options) }));
  }

  /** Inputs and outputs of the selected span. */
  get content(): Locator {
    return this.page.getByTestId('model-trace-explorer-default-span-view');
  }

  /** A message of the conversation, by the name over it: System, User, Assistant. */
  bubble(speaker: string, index = 0): Part {
    return new Part(this.content.getByText(speaker, { exact: true }).nth(index).locator('xpath=../../..'));
  }

  /** The page before could show the same words, so it goes first. */
  async #goto(path: string): Promise<void> {
    await this.page.goto('about:blank');
    await this.page.goto(this.#experiment + path);
  }
}

type Text = string | RegExp;

/** A part of a page. */
export class Part {
  readonly #locator: Locator;

  constructor(locator: Locator) {
    this.#locator = locator;
  }

  /** Waits until this part shows each of the texts. */
  async shows(...texts: Text[]): Promise<void> {
    for (const text of texts) await this.#locator.getByText(text).first().waitFor();
  }

  async click(text: string): Promise<void> {
    await this.#locator.getByText(text, { exact: true }).click();
  }
}
