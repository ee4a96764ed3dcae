/** Makes `deploy/collector/redaction.yaml`, `docs/redaction.md` and the exporter's names of content from one list. */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inlineCode, sectionOf, tableRows } from 'testing/markdown.js';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../..');
const NAMES = join(ROOT, 'deploy/collector/attributes.yaml');
export const REDACTION: string = join(ROOT, 'deploy/collector/redaction.yaml');
export const REDACTION_DOCS: string = join(ROOT, 'docs/redaction.md');
export const EXPORTER_NAMES: string = join(ROOT, 'packages/exporter-mlflow/src/common/content-names.ts');

/** The end of a part of a name. `_` and `-` join words to one part. */
const PART_END = '[^A-Za-z0-9_-]';

/** Names of attributes of one source; the file explains the lists. */
export interface Source {
  readonly name: string;
  readonly below?: readonly string[];
  readonly content?: readonly string[];
  readonly kept?: readonly string[];
  readonly url?: readonly string[];
  readonly general?: boolean;
}

/** What `deploy/collector/attributes.yaml` contains. */
export interface Names {
  readonly sources: readonly Source[];
  readonly endings: readonly string[];
  readonly forms: readonly string[];
  readonly anywhere: readonly string[];
  readonly secrets: readonly string[];
}

/** An attribute of `docs/attributes.md`. */
export interface DocumentedAttribute {
  /** Its name; `<key>` stands for any name. */
  readonly name: string;
  /** Whether the page calls its value content. */
  readonly isContent: boolean;
}

/** Reads `deploy/collector/attributes.yaml`. */
export function readNames(): Names {
  return parse(readFileSync(NAMES, 'utf8')) as Names;
}

/** Sections of `docs/attributes.md` whose tables have a row for each attribute. */
const SECTIONS = ['## Attributes', '## Attributes that `mlflow-bedrock` writes'];

/** The attributes in the tables of `docs/attributes.md`. */
export function documentedAttributes(page: string): DocumentedAttribute[] {
  const rows = SECTIONS.flatMap((heading) => tableRows(sectionOf(page, heading)));
  return rows.flatMap(([names = '', , source = '']) =>
    inlineCode(names).map((name) => ({ name, isContent: isContent(name, source) })),
  );
}

/** The column "source" says so, or refers to a row that says so. */
function isContent(name: string, source: string): boolean {
  if (/no content/.test(source)) return false;
  const named = /([\w ]+) are content\.$/.exec(source)?.[1];
  if (named !== undefined) return named.replaceAll(' ', '').includes(name.split('.').at(-1) ?? '');
  return /\bcontent\b|^As `mlflow\.span(Inputs|Outputs)`|`(request|response)Preview`/.test(source);
}

/** Regular expressions of redaction.yaml, in the syntax of RE2. */
export interface Patterns {
  /** What stays although `removed` matches it. */
  readonly kept: string;
  /** What goes unless `kept` matches it. */
  readonly removed: readonly string[];
  /** What goes in any case. */
  readonly content: string;
}

/** Makes the patterns. A name that the project's own page calls content needs no entry in the file. */
export function patternsOf({ sources, ...words }: Names, documented: readonly DocumentedAttribute[]): Patterns {
  const own = documented.filter(({ isContent }) => !isContent).map(({ name }) => name.replace('<key>', '*'));
  const kept = unique([...own, ...sources.flatMap((source) => [...(source.kept ?? []), ...(source.url ?? [])])]);
  const below = unique(sources.flatMap((source) => source.below ?? []));
  const keptPattern = `^(${kept.map(nameOrBelow).join('|')})$`;
  const belowPattern = `(?i)^(${below.map(escaped).join('|')})${PART_END}`;
  const isKept = new RegExp(keptPattern);
  // The others are removed already, and their names may have names below them that are kept.
  const isBelow = new RegExp(belowPattern.replace('(?i)', ''), 'i');
  const content = unique(sources.flatMap((source) => source.content ?? []));
  const others = content.filter((name) => isKept.test(name) || !isBelow.test(name));
  const [endings, forms, anywhere, secrets] = [words.endings, words.forms, words.anywhere, words.secrets].map(
    spellingsOf,
  ) as [Spellings, Spellings, Spellings, Spellings];
  const inForms = (words: string): string => `s?([^A-Za-z0-9]*(${words})s?)*([^A-Za-z]*[0-9]+)*[^A-Za-z0-9]*$`;
  return {
    kept: keptPattern,
    removed: [
      belowPattern,
      `(?i)(^|[^a-z])(${endings.snake})${inForms(forms.snake)}`,
      `(${camelWord(endings)})${inForms(`${forms.snake}|${forms.camel}|${forms.upper}`)}`,
      `(?i)(^|[^a-z])(${anywhere.snake})s?${PART_END}`,
      `(${camelWord(anywhere)})s?${PART_END}`,
      `(?i)(^|[^a-z])(${secrets.snake})s?([^a-z]|$)`,
      `(${camelWord(secrets)}|(^|[^A-Za-z0-9])(${secrets.firstCamel}))s?([^a-z]|$)`,
    ],
    content: `(?i)^(${others.map(escaped).join('|')})(${PART_END}|$)`,
  };
}

/** Words in the ways in which names contain them, as alternatives. */
interface Spellings {
  /** `api_key`, `api.key`, `apikey` */
  readonly snake: string;
  /** `ApiKey` */
  readonly camel: string;
  /** `apiKey` */
  readonly firstCamel: string;
  /** `APIKey` and `APIKEY` */
  readonly upper: string;
}

function spellingsOf(list: readonly string[]): Spellings {
  const each = (spell: (words: string[]) => string[]): string =>
    unique(list.flatMap((word) => spell(word.split('_')))).join('|');
  return {
    snake: each((words) => [words.join('[^a-z0-9]?')]),
    camel: each((words) => [words.map(capitalized).join('')]),
    firstCamel: each(([first = '', ...rest]) => [first + rest.map(capitalized).join('')]),
    upper: each(([first = '', ...rest]) => [
      first.toUpperCase() + rest.map(capitalized).join(''),
      first.toUpperCase() + rest.join('').toUpperCase(),
    ]),
  };
}

/** A word that is not the first one, also behind an abbreviation, as in `LLMOutput`. */
function camelWord({ camel, upper }: Spellings): string {
  return `[A-Za-z0-9](${camel})|[a-z0-9](${upper})`;
}

/** The statements that remove content from the attributes of one kind of telemetry. */
function attributeStatements(kind: string, { kept, removed, content }: Patterns, urls: readonly string[]): string[] {
  const attributes = `${kind}.attributes`;
  const cache = `${kind}.cache["kept"]`;
  return [
    `set(${cache}, ${attributes})`,
    `keep_matching_keys(${cache}, ${quoted(kept)})`,
    ...removed.map((pattern) => `delete_matching_keys(${attributes}, ${quoted(pattern)})`),
    `merge_maps(${attributes}, ${cache}, "insert")`,
    `delete_matching_keys(${attributes}, ${quoted(content)})`,
    ...urls.flatMap((name) => [
      `delete_key(${attributes}, "${name}") where not IsString(${attributes}["${name}"])`,
      `replace_pattern(${attributes}["${name}"], ${quoted('(?s)[?#].*$')}, "")`,
      `replace_pattern(${attributes}["${name}"], ${quoted('^([A-Za-z][A-Za-z0-9+.-]*:)?//[^/]*@')}, "$$1//")`,
    ]),
  ];
}

/** Makes `deploy/collector/redaction.yaml`. */
export function redactionConfig(names: Names, attributesPage: string): string {
  const patterns = patternsOf(names, documentedAttributes(attributesPage));
  const urls = names.sources.flatMap(({ url = [] }) => url);
  const context = (name: string, statements: readonly string[]): string =>
    [
      `      - context: ${name}`,
      '        statements:',
      ...statements.map((one) => `          - ${yamlText(one)}`),
    ].join('\n');
  const attributes = (name: string): string[] => attributeStatements(name, patterns, urls);
  const shared = [context('resource', attributes('resource')), context('scope', attributes('scope'))];
  return `# Made by \`npm run docs\` from attributes.yaml and docs/attributes.md. Do not edit this file.
#
# Removes prompts, answers, tool arguments, tool results, headers and error texts from every span, event and log record
# before it is stored or sent. Models, tokens, cost, times, tool names and types of errors stay. docs/redaction.md has the
# names.
#
#   otelcol --config config.yaml --config redaction.yaml
#
# It is safer not to record content: set OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=false in the application. The
# Collector cannot find content in links, span names, MLflow's tags and metadata, and under names of an application's own
# that do not look like content.

processors:
  transform/redaction:
    # If a statement fails, the Collector drops the data, because it may still have content.
    error_mode: propagate
    trace_statements:
${shared.join('\n')}
      # A separate list, because in one list the statements about spans would run only for spans with events.
${context('span', [...attributes('span'), 'set(span.status.message, "") where span.status.message != ""'])}
      # Events hold chunks of streams, messages, inference details and exceptions. Only the type of an exception stays.
${context('spanevent', ['keep_keys(spanevent.attributes, ["exception.type"])'])}
    # config.yaml has no pipeline for logs. If you add one, name this processor in it, too.
    log_statements:
${shared.join('\n')}
${context('log', [...attributes('log'), 'set(log.body, "")'])}

service:
  pipelines:
    traces/in:
      processors: [memory_limiter, transform/redaction]
`;
}

/** Makes the exporter's file of names. It lists only what describes a call of a model, an agent or a tool. */
export function exporterNames({ sources }: Names, attributesPage: string): string {
  const documented = documentedAttributes(attributesPage);
  const general = new Set(sources.filter((source) => source.general).flatMap((source) => source.content ?? []));
  const own = documented.filter(({ isContent }) => isContent).map(({ name }) => name.replace(/\.<key>$/, ''));
  const listed = sources.filter((source) => !source.general).flatMap((source) => source.content ?? []);
  const all = unique([...own.filter((name) => !general.has(name)), ...listed]);
  const isBelow = (name: string): boolean => all.some((other) => name.startsWith(`${other}.`));
  const content = all.filter((name) => !isBelow(name));
  const kept = unique([
    ...documented.filter(({ isContent }) => !isContent).map(({ name }) => name),
    ...sources.flatMap((source) => source.kept ?? []),
  ]).filter(isBelow);
  const set = (names: readonly string[]): string => `new Set([
${names
  .toSorted()
  .map((name) => `  '${name}',\n`)
  .join('')}])`;
  return `// Made by \`npm run docs\` from deploy/collector/attributes.yaml and docs/attributes.md. Do not edit this file.

/** Attributes in which prompts, answers, inputs and outputs stand, with everything below them. */
export const CONTENT_NAMES: ReadonlySet<string> = ${set(content)};

/** Attributes below these that hold none. */
export const FIGURES_BELOW: ReadonlySet<string> = ${set(kept)};
`;
}

/** Makes `docs/redaction.md`. */
export function redactionDocs({ sources, endings, forms, anywhere, secrets }: Names): string {
  const list = (names: readonly string[] = [], suffix = ''): string =>
    names.map((name) => `\`${name}${suffix}\``).join(', ') || '–';
  const rows = sources.map(
    ({ name, below, content, kept = [], url = [] }) =>
      `| ${name} | ${list(below, '.*')} | ${list(content)} | ${list([...kept, ...url])} |`,
  );
  return `# What redaction.yaml removes

[\`redaction.yaml\`](../deploy/collector/redaction.yaml) makes the Collector remove content before it stores or sends
anything ([how to use it](collector.md#take-content-out)). \`npm run docs\` makes this page and that file from
[\`attributes.yaml\`](../deploy/collector/attributes.yaml) and from [the attributes of this project](attributes.md).

| where | what goes | what stays |
|---|---|---|
| attributes of spans, log records, scopes and resources | names as below | all others |
| status of a span | the message | the code |
| events of spans | everything except \`exception.type\` | name and time |
| log records | the body | event name, severity, time |

An attribute stays if the column "kept" or [attributes.md](attributes.md) names it. Otherwise it goes if one of these holds:

- It has a prefix of the column "all below". A name that a later version adds goes, too.
- It is in the column "content", or below such a name.
- Its last word is one of the last words below, with or without an "s", as in \`app.userPrompt\`, \`tool_input\` or
  \`messages[0]\`.
- A part of its name ends in one of the words of parts, as in \`chat_messages.0.value\`.
- It has one of the words of secrets.

| list | words |
|---|---|
| last words | ${list(endings)} |
| skipped at the end, as in \`prompt_template\` | ${list(forms)} |
| words of parts | ${list(anywhere)} |
| words of secrets | ${list(secrets)} |

Upper and lower case make no difference to what goes.

| written by | all below | content, for example | kept |
|---|---|---|---|
${rows.join('\n')}

From addresses (${list(sources.flatMap(({ url = [] }) => url))}) only user, password, query and fragment go.

**Kept, so they must not have content:** span names, links, tags and metadata of MLflow (\`mlflow.traceTag.*\`,
\`mlflow.traceMetadata.*\`), request metadata of Bedrock, session and user ids, and other attributes of your own code.
`;
}

/** A pattern for one name; \`.*\` at its end stands for any names below. */
function nameOrBelow(name: string): string {
  return name.endsWith('.*') ? `${escaped(name.slice(0, -1))}.+` : escaped(name);
}

function escaped(name: string): string {
  return name.replaceAll('.', String.raw`\.`);
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** A string of the Collector's transformation language. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

function yamlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
