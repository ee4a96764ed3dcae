import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { withoutCodeBlocks } from 'testing/markdown.js';
import { API, groupPages, HOME, markdownFiles } from '../../docs/.vitepress/pages.js';
import { SIDEBAR } from '../../docs/.vitepress/sidebar.js';
import { anchorOf } from '../../docs/.vitepress/slug.js';
import { madeFiles } from '../docs/main.js';
import { MANAGED_MLFLOW_DOCS } from '../docs/managed-mlflow.js';
import { PUBLISHED } from '../release/packages.js';
import { coveredActions } from './support/iam-actions.js';

const ROOT = resolve(import.meta.dirname, '../..');

/** Every page except those that are made for the site. */
const PAGES = markdownFiles().filter((page) => !page.startsWith(API));

/** Names that the code puts together. */
const VOICE_EVENTS = ['turn', 'tool_call', 'tool_result', 'interruption'].map((kind) => `aws.bedrock.voice.${kind}`);

/** Read by processes that the packages start themselves. */
const OWN_VARIABLES: ReadonlySet<string> = new Set(['MLFLOW_BEDROCK_DOCTOR_EVENTS']);

describe('the documentation', () => {
  it('has the files that "npm run docs" makes from the code and from lists', () => {
    for (const [file, text] of madeFiles()) expect(readFileSync(file, 'utf8'), file).to.equal(text);
  });

  it('has READMEs that fit into a few screens', () => {
    const long = ['README.md', ...PUBLISHED.map((name) => `packages/${name}/README.md`)]
      .map((page) => ({ page, lines: readFileSync(join(ROOT, page), 'utf8').split('\n').length - 1 }))
      .filter(({ lines }) => lines > 120);
    expect(long).to.deep.equal([]);
  });

  it('names every environment variable that the packages read in docs/settings.md', () => {
    const page = readFileSync(join(ROOT, 'docs/settings.md'), 'utf8');
    const variables = PUBLISHED.flatMap((name) => filesBelow(join(ROOT, 'packages', name, 'src'))).flatMap(
      (file) => readFileSync(file, 'utf8').match(/(?<=')(?:OTEL|MLFLOW|SAGEMAKER|DATABRICKS)_[A-Z0-9_]+(?=')/g) ?? [],
    );
    const read = variables.filter((name) => !OWN_VARIABLES.has(name));
    expect(read.filter((name) => !page.includes(name))).to.deep.equal([]);
  });

  it('has every page of docs/ in the list of pages', () => {
    const listed = new Set(
      [...prose('docs/index.md').matchAll(/\]\(([^)#]+)/g)].map(([, file = '']) => join('docs', file)),
    );
    const missing = PAGES.filter((page) => /^docs\/[^/]+$/.test(page) && page !== 'docs/index.md' && !listed.has(page));
    expect(missing).to.deep.equal([]);
  });

  it('links only to existing files and headings', () => {
    const broken = PAGES.flatMap((page) =>
      [...prose(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
        .filter(([, file = '', heading]) => {
          const target = file === '' ? page : join(dirname(page), file);
          return !existsSync(join(ROOT, target)) || (heading !== undefined && !headings(target).has(heading));
        })
        .map(([link]) => `${page}: ${link}`),
    );
    expect(broken).to.deep.equal([]);
  });

  it('has every page of docs in one group of the site’s sidebar', () => {
    const inSidebar = groupPages(PAGES).flatMap(({ pages }) => pages.map(({ file }) => file));
    const missing = PAGES.filter((page) => page.startsWith('docs/') && page !== HOME && !inSidebar.includes(page));
    expect(missing, 'add them to docs/.vitepress/sidebar.ts').to.deep.equal([]);
    const named = SIDEBAR.flatMap(({ pages }) => pages).filter((page) => !page.startsWith(API) && !page.includes('*'));
    expect(named.filter((page) => !PAGES.includes(page))).to.deep.equal([]);
  });

  it('shows IAM policies that can be pasted, with actions of AWS, and readers that cannot write', () => {
    const page = readFileSync(MANAGED_MLFLOW_DOCS, 'utf8');
    const policies = [...page.matchAll(/^### ([^\n]*)\n\n```json\n(.*?)\n```$/gms)];
    expect(policies).to.have.length(4);
    for (const [, title = '', json = ''] of policies) {
      const { Version, Statement } = JSON.parse(json) as { Version: string; Statement: Record<string, unknown>[] };
      expect(Version).to.equal('2012-10-17');
      for (const { Effect, Action, Resource, ...others } of Statement) {
        expect({ Effect, others }).to.deep.equal({ Effect: 'Allow', others: {} });
        expect(Resource).to.match(/^(?:arn:aws:(?:s3|sagemaker):\S+|\*)$/);
        for (const action of Action as string[]) {
          const { reads, writes } = coveredActions(action);
          expect([...reads, ...writes], action).to.not.be.empty;
          // An app has one action for all requests.
          const mayWrite = title.startsWith('Sender') || action === 'sagemaker:CallMlflowAppApi';
          if (!mayWrite) expect(writes, action).to.deep.equal([]);
        }
      }
    }
  });

  it('names only attributes, events and metrics of the instrumentation that exist', () => {
    const names = [...namesInCode(join(ROOT, 'packages/instrumentation-bedrock/src/data')), ...VOICE_EVENTS];
    const pages = [
      'bedrock-agents',
      'agentcore',
      'attributes',
      'tokens-and-cost',
      'streaming',
      'privacy',
      'knowledge-bases',
      'voice',
    ].map((name) => `docs/${name}.md`);
    const unknown = [...pages, 'packages/instrumentation-bedrock/README.md'].flatMap((page) =>
      // The end of a name, such as `.version`, stands after a name with the same start.
      [...prose(page).matchAll(/`((?:aws\.bedrock)?\.[a-z_.]+)`/g)]
        .map(([, name = '']) => name)
        .filter((name) => !names.some((known) => known.endsWith(name)))
        .map((name) => `${page}: ${name}`),
    );
    expect(unknown).to.deep.equal([]);
  });
});

/** The text of a page without its blocks of code. */
function prose(page: string): string {
  return withoutCodeBlocks(readFileSync(join(ROOT, page), 'utf8'));
}

/** The headings of a page, or of the README of a folder, as GitHub names them in links. */
function headings(target: string): ReadonlySet<string> {
  const page = target.endsWith('.md') ? target : join(target, 'README.md');
  return new Set([...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => anchorOf(title)));
}

/** The names with dots in the source files of a folder. */
function namesInCode(folder: string): string[] {
  return readdirSync(folder).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/'([a-z_]+(?:\.[a-z_]+)+)'/g)].map(([, name = '']) => name),
  );
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
