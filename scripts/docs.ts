import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const SOURCE = join(ROOT, 'packages/instrumentation-bedrock/src/semconv.ts');
export const ATTRIBUTE_DOCS: string = join(ROOT, 'docs/attributes.md');

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
[\`semconv.ts\`](../packages/instrumentation-bedrock/src/semconv.ts); a test holds them together.

| attribute | type | source |
|---|---|---|
${rows.join('\n')}

From the stable conventions: \`error.type\` (the error's name, a system error's code, \`incomplete_stream\`, else
\`_OTHER\`), \`server.address\` and \`server.port\` (the request of the latest attempt; at the start of a span those of the
client's call before), \`http.request.resend_count\` (how often the SDK sent the request again; absent when it did not),
\`http.response.status_code\` (the latest HTTP response; of a stream its head), and on the event \`exception\`:
\`exception.type\`, \`exception.message\`, \`exception.stacktrace\`.
`;
}

/** `npm run docs` */
export async function main(): Promise<number> {
  writeFileSync(ATTRIBUTE_DOCS, attributeDocs());
  return 0;
}
