/** Makes the tables of options in the READMEs of the packages, and that of environment variables. */

import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { replaceRegion } from 'testing/markdown.js';
import { configTypes, type Option, type OptionsOf } from './config-types.js';

const ROOT = resolve(import.meta.dirname, '../..');
const INSTRUMENTATION = 'packages/instrumentation-bedrock/README.md';
const EXPORTER = 'packages/exporter-mlflow/README.md';
const AUTOLOG = 'packages/mlflow-bedrock/README.md';
const SETTINGS = 'docs/settings.md';

/** The types whose options are shown, and where. */
const TABLES = [
  { type: 'BedrockInstrumentationConfig', of: 'BedrockInstrumentation', page: INSTRUMENTATION },
  { type: 'MlflowSpanExporterConfig', of: 'MlflowSpanExporter', page: EXPORTER },
  { type: 'MlflowSpanProcessorConfig', of: 'MlflowSpanProcessor', page: EXPORTER },
  { type: 'AutologOptions', of: 'autolog()', page: AUTOLOG },
] as const;

/** Where a page says more about an option. */
const MORE: Readonly<Record<string, string>> = {
  contentHook: '[Redact content](docs/privacy.md#redact-content)',
  maxRecordLength: '[Limits](docs/privacy.md#limits)',
  contentFormats: "[`autolog()`'s default](docs/opentelemetry-setup.md#a-second-backend)",
  recordStreamEvents: '[Streaming](docs/streaming.md#chunks)',
  openAIHosts: "[OpenAI's SDK](docs/frameworks.md#openais-sdk)",
  trackingUri: '[Managed MLflow](docs/managed-mlflow.md), [Databricks](docs/managed-mlflow.md#databricks)',
  token: '[Authentication](docs/connection.md#authentication)',
  headers: '[Authentication](docs/connection.md#authentication)',
  tracingDestination: '[Unity Catalog](docs/managed-mlflow.md#unity-catalog)',
  maxWaitingBytes: '[Memory during an outage](docs/delivery.md#memory-during-an-outage)',
  traceInfo: '[Collector](docs/collector.md)',
  spanFilter: '[Filter and mask](docs/filter-and-mask.md)',
  mask: '[Filter and mask](docs/filter-and-mask.md)',
  modelCatalogUri: '[Cost of model calls](docs/managed-mlflow.md#cost-of-model-calls)',
  meterProvider: '[Metrics](docs/delivery.md#metrics)',
  sensitiveHeaders: '[`traced`](docs/agents.md#trace-a-function)',
  propagateSession: '[Several services](docs/agents.md#several-services-in-one-trace)',
};

/**
 * The pages with tables of options, with these made anew from the types of the packages.
 *
 * @throws Error if a page lacks the comments around a table
 */
export function pagesWithOptions(): [file: string, text: string][] {
  const optionsOf = configTypes(ROOT);
  const pages = new Map<string, string>();
  const replace = (page: string, name: string, table: string): void => {
    const text = pages.get(page) ?? readFileSync(join(ROOT, page), 'utf8');
    pages.set(page, replaceRegion(text, { page, name, command: 'npm run docs' }, table));
  };
  for (const { type, page } of TABLES) {
    replace(page, `options of ${type}`, optionTable(page, type, optionsOf));
  }
  replace(SETTINGS, 'environment variables', variableTable(optionsOf));
  return [...pages].map(([page, text]) => [join(ROOT, page), text]);
}

function optionTable(page: string, type: string, optionsOf: OptionsOf): string {
  const options = optionsOf(type);
  const own = options.filter((option) => isOwn(page, option));
  const withVariables = own.some(({ environment }) => environment !== '');
  const rows = own.map(({ name, environment, defaultValue, meaning }) => {
    const more = MORE[name] === undefined ? '' : ` ${localLinks(page, MORE[name])}`;
    return row([code(name), ...(withVariables ? [environment] : []), defaultValue, `${meaning}${more}`]);
  });
  const columns = ['Option', ...(withVariables ? ['Environment variable'] : []), 'Default', 'Meaning'];
  return [row(columns), row(columns.map(() => '---')), ...rows, ...inheritedRows(page, options, optionsOf)].join('\n');
}

function isOwn(page: string, option: Option): boolean {
  return page.startsWith(`packages/${option.package}/`);
}

/** The options that a package takes from the types of others, each type with a link to its table. */
function inheritedRows(page: string, options: readonly Option[], optionsOf: OptionsOf): string[] {
  return TABLES.filter((table) => table.page !== page).flatMap((table) => {
    const ofTable = new Set(optionsOf(table.type).map(({ name }) => name));
    const names = options.filter((option) => !isOwn(page, option) && ofTable.has(option.name)).map(({ name }) => name);
    if (names.length === 0) return [];
    const link = localLinks(page, `[options of \`${table.of}\`](${table.page}#options)`);
    return [row([names.map(code).join(', '), '', '', `See ${link}.`])];
  });
}

/** Each environment variable with its option. The first table that has the option counts. */
function variableTable(optionsOf: OptionsOf): string {
  const found = new Map<string, string>();
  for (const { type, of, page } of TABLES) {
    for (const { name, environment } of optionsOf(type)) {
      for (const [, variable = ''] of environment.matchAll(/`([A-Z][A-Z0-9_]+)`/g)) {
        const link = localLinks(SETTINGS, `[\`${of}\`](${page}#options)`);
        if (!found.has(variable)) found.set(variable, row([code(variable), code(name), link]));
      }
    }
  }
  const rows = [...found].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, text]) => text);
  return [row(['Environment variable', 'Option', 'Of']), row(['---', '---', '---']), ...rows].join('\n');
}

/** Makes links from the root relative to a page. */
function localLinks(page: string, text: string): string {
  return text.replaceAll(/\]\(([^)#]+)(#[^)]+)?\)/g, (_, target: string, heading = '') => {
    const path = target === page ? '' : relative(dirname(page), target);
    return `](${path}${heading})`;
  });
}

function row(cells: readonly string[]): string {
  return `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell.replaceAll('|', '\\|')} `)).join('|')}|`;
}

function code(name: string): string {
  return `\`${name}\``;
}
