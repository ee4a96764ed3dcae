import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const SOURCE = join(ROOT, 'packages/instrumentation-bedrock/src/data/semconv.ts');
export const ATTRIBUTE_DOCS: string = join(ROOT, 'docs/attributes.md');

/** By hand, because they are few; a test of mlflow-bedrock compares them with what is written. */
const MLFLOW_BEDROCK = `## Attributes that \`mlflow-bedrock\` writes

\`traced\`, on the spans it makes, besides those of its option \`attributes\`:

| attribute | type | source |
|---|---|---|
| \`mlflow.spanType\` | string | Option \`spanType\`; \`UNKNOWN\` without. |
| \`mlflow.spanInputs\` | JSON text | The arguments; content. |
| \`mlflow.spanOutputs\` | JSON text | What it returned or yielded; content. |
| \`gen_ai.operation.name\` | string | \`invoke_agent\` for \`AGENT\`, \`execute_tool\` for \`TOOL\`, \`retrieval\` for \`RETRIEVER\`; else absent. |
| \`gen_ai.agent.name\` | string | Name of the span, for \`AGENT\`. |
| \`gen_ai.tool.name\` | string | Name of the span, for \`TOOL\`. |
| \`gen_ai.tool.type\` | string | \`function\`, for \`TOOL\`. |
| \`gen_ai.tool.call.arguments\` | JSON text | As \`mlflow.spanInputs\`, for \`TOOL\`. |
| \`gen_ai.tool.call.result\` | JSON text | As \`mlflow.spanOutputs\`, for \`TOOL\`. |
| \`error.type\` | string | Name of the error that it threw; with an event \`exception\` as above. |

\`updateCurrentTrace\` and \`setActiveRun\`, on the root of the trace in this process, where \`MlflowSpanExporter\` reads them:

| attribute | type | source |
|---|---|---|
| \`session.id\` | string | \`sessionId\`, else W3C baggage of the request; also on the active span and those that start later. |
| \`user.id\` | string | \`userId\`, likewise. |
| \`mlflow.traceTag.<key>\` | string | \`tags\`. |
| \`mlflow.traceMetadata.<key>\` | string | \`metadata\`. |
| \`mlflow.clientRequestId\` | string | \`clientRequestId\`. |
| \`mlflow.traceRequestPreview\` | string | \`requestPreview\`. |
| \`mlflow.traceResponsePreview\` | string | \`responsePreview\`. |
| \`mlflow.sourceRun\` | string | \`setActiveRun\`, as it was when the trace started. |
`;

const ATTRIBUTE = /^\/\*\* (?<type>[^.]+)\. (?<source>.*) \*\/\nexport const ATTR_\w+ = '(?<name>[^']+)';$/gm;
const CONSTANT = /^export const ATTR_/gm;

/**
 * `docs/attributes.md`, made of the comments in `semconv.ts`.
 *
 * @throws Error when an attribute has no comment of the form `type. source.`
 */
export function attributeDocs(): string {
  const source = readFileSync(SOURCE, 'utf8');
  const rows = [...source.matchAll(ATTRIBUTE)].map(
    ({ groups }) => `| \`${groups?.['name']}\` | ${groups?.['type']} | ${groups?.['source']} |`,
  );
  if (rows.length !== [...source.matchAll(CONSTANT)].length) {
    throw new Error(
      `${SOURCE}: every attribute needs a comment "/** type. Where its value comes from. */" of one line.`,
    );
  }
  return `# Attributes of the instrumentation's spans

What \`opentelemetry-instrumentation-bedrock\` writes, and where each value comes from. Without a value there is no
attribute. JSON text is structured in log events. Made by \`npm run docs\` from
[\`semconv.ts\`](../packages/instrumentation-bedrock/src/data/semconv.ts); a test holds them together.

| attribute | type | source |
|---|---|---|
${rows.join('\n')}

From the stable conventions: \`error.type\` (the error's name, a system error's code, \`incomplete_stream\`, else
\`_OTHER\`), \`server.address\` and \`server.port\` (the request of the latest attempt; at the start of a span those of the
client's call before), \`http.request.resend_count\` (how often the SDK sent the request again; absent when it did not),
\`http.response.status_code\` (the latest HTTP response; of a stream its head), and on the event \`exception\`:
\`exception.type\`, \`exception.message\`, \`exception.stacktrace\`.

${MLFLOW_BEDROCK}`;
}

/** `npm run docs` */
export async function main(): Promise<number> {
  writeFileSync(ATTRIBUTE_DOCS, attributeDocs());
  return 0;
}
