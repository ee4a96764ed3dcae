import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CONVENTIONS, METRICS } from './conventions.js';
import { MANAGED_MLFLOW_DOCS, managedMlflowDocs } from './managed-mlflow.js';
import { OPERATIONS } from './operations.js';
import { pagesWithOptions } from './options.js';
import {
  EXPORTER_NAMES,
  exporterNames,
  REDACTION,
  REDACTION_DOCS,
  readNames,
  redactionConfig,
  redactionDocs,
} from './redaction.js';

const ROOT = resolve(import.meta.dirname, '../..');
/** The names of the conventions and of MLflow, and those of Bedrock. */
const SOURCES = ['semconv.ts', 'semconv-bedrock.ts'].map((file) =>
  join(ROOT, 'packages/instrumentation-bedrock/src/data', file),
);
const ATTRIBUTE_DOCS = join(ROOT, 'docs/attributes.md');

/** Written by hand. A test of mlflow-bedrock compares the table with the attributes that the package writes. */
const MLFLOW_BEDROCK = `## Attributes that \`mlflow-bedrock\` writes

\`traced\` writes these on its spans, and the attributes in its option \`attributes\`:

| attribute | type | source |
|---|---|---|
| \`mlflow.spanType\` | string | Option \`spanType\`; \`UNKNOWN\` if it is not set. |
| \`mlflow.spanInputs\` | JSON text | The arguments of the function; content. |
| \`mlflow.spanOutputs\` | JSON text | What the function returned or yielded; content. |
| \`gen_ai.operation.name\` | string | \`invoke_agent\` for \`AGENT\`, \`execute_tool\` for \`TOOL\`, \`retrieval\` for \`RETRIEVER\`; else absent. |
| \`gen_ai.agent.name\` | string | Name of the span, for \`AGENT\`. |
| \`gen_ai.tool.name\` | string | Name of the span, for \`TOOL\`. |
| \`gen_ai.tool.type\` | string | \`function\`, for \`TOOL\`. |
| \`gen_ai.tool.call.arguments\` | JSON text | As \`mlflow.spanInputs\`, for \`TOOL\`. |
| \`gen_ai.tool.call.result\` | JSON text | As \`mlflow.spanOutputs\`, for \`TOOL\`. |
| \`error.type\` | string | Name of the error that the function threw, by the same rule; with an event \`exception\` as above. |

\`updateCurrentTrace\` and \`setActiveRun\` write these on the local root: the topmost span of the request in this process.
\`MlflowSpanExporter\` reads them there:

| attribute | type | source |
|---|---|---|
| \`session.id\` | string | \`sessionId\`, else W3C baggage of the request; also on the active span and on later spans of the request. |
| \`user.id\` | string | \`userId\`, likewise. |
| \`mlflow.traceTag.<key>\` | string | \`tags\`. |
| \`mlflow.traceMetadata.<key>\` | string | \`metadata\`. |
| \`mlflow.clientRequestId\` | string | \`clientRequestId\`. |
| \`mlflow.traceRequestPreview\` | string | \`requestPreview\`. |
| \`mlflow.traceResponsePreview\` | string | \`responsePreview\`. |
| \`mlflow.traceState\` | \`OK\` or \`ERROR\` | \`state\`. |
| \`mlflow.modelId\` | string | \`modelId\`. |
| \`mlflow.sourceRun\` | string | The run that was active when the request started. |
`;

const ATTRIBUTE = /^\/\*\* (?<type>[^.]+)\. (?<source>.*) \*\/\nexport const ATTR_\w+ = '(?<name>[^']+)';$/gm;
const CONSTANT = /^export const ATTR_/gm;

/**
 * Makes `docs/attributes.md` from the comments in `semconv.ts` and `semconv-bedrock.ts`.
 *
 * @throws Error if an attribute has no comment of the form `type. source.`
 */
function attributeDocs(): string {
  const source = SOURCES.map((file) => readFileSync(file, 'utf8')).join('\n');
  const rows = [...source.matchAll(ATTRIBUTE)].map(
    ({ groups }) => `| \`${groups?.['name']}\` | ${groups?.['type']} | ${groups?.['source']} |`,
  );
  if (rows.length !== [...source.matchAll(CONSTANT)].length) {
    throw new Error(
      `${SOURCES.join(', ')}: every attribute needs a comment "/** type. Where its value comes from. */" of one line.`,
    );
  }
  return `# What is captured

\`opentelemetry-instrumentation-bedrock\` records these operations and models, and writes these attributes. If there is no
value, there is no attribute. MLflow [shows them](mlflow-traces.md) as chats.

${OPERATIONS}
## Attributes

- "content": the attribute is absent if [content is off](privacy.md#switch-content-off).
- \`contentFormats\` chooses between the content in \`gen_ai.*\` and that in \`mlflow.*\`
  ([default](opentelemetry-setup.md#a-second-backend)).
- "JSON text": the value is JSON text on spans and structured in log events.
- Output tokens of a stream are absent until [their final value](streaming.md#when-the-span-ends) has arrived.

\`npm run docs\` makes these tables from
[\`semconv.ts\`](../packages/instrumentation-bedrock/src/data/semconv.ts) and
[\`semconv-bedrock.ts\`](../packages/instrumentation-bedrock/src/data/semconv-bedrock.ts).

| attribute | type | source |
|---|---|---|
${rows.join('\n')}

From the stable conventions:

| attribute | type | source |
|---|---|---|
| \`error.type\` | string | The error's name, which is the service's type for errors of the AWS SDK; the \`code\` of Node.js's own errors; else \`_OTHER\`. The type or code that the model states, for an error inside an answer. The name of the signal's reason, such as \`AbortError\`, if the application aborted the call. \`incomplete_stream\` for a stream without its closing event. Only known names if \`captureMessageContent\` is off or a \`contentHook\` is set, else \`_OTHER\`. |
| \`server.address\`, \`server.port\` | string, int | The request of the latest attempt; when the span starts, the previous request of the client. |
| \`http.request.resend_count\` | int | How often the SDK sent the request again; absent if it did not. |
| \`http.response.status_code\` | int | The latest HTTP response. |
| \`exception.type\`, \`exception.message\`, \`exception.stacktrace\` | string | The error, on the event \`exception\`; message and stack trace are content. |

${CONVENTIONS}
${METRICS}
${MLFLOW_BEDROCK}`;
}

/** Every file that `npm run docs` writes, with its text. */
export function madeFiles(): [file: string, text: string][] {
  const attributes = attributeDocs();
  const names = readNames();
  return [
    [ATTRIBUTE_DOCS, attributes],
    [REDACTION, redactionConfig(names, attributes)],
    [REDACTION_DOCS, redactionDocs(names)],
    [EXPORTER_NAMES, exporterNames(names, attributes)],
    [MANAGED_MLFLOW_DOCS, managedMlflowDocs()],
    ...pagesWithOptions(),
  ];
}

/** `npm run docs` */
export async function main(): Promise<number> {
  for (const [file, text] of madeFiles()) writeFileSync(file, text);
  return 0;
}
