/** deploy/collector/redaction.yaml in a real Collector: content in every place of a span and a log record. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { ROOT } from 'testing/compose.js';
import { type HttpServer, listen } from 'testing/http-server.js';
import { buildOtelcol, type Otelcol, startOtelcol, whyNoOtelcol } from 'testing/otelcol.js';
import { documentedAttributes, readNames } from '../docs/redaction.js';

const CANARY = 'canary-7f3a';
/** config.yaml has no pipeline for logs, so this is what an operator adds. */
const LOGS = `service:
  pipelines:
    logs:
      receivers: [otlp]
      processors: [memory_limiter, transform/redaction]
      exporters: [otlp_http/backend]
`;

const documented = documentedAttributes(readFileSync(join(ROOT, 'docs/attributes.md'), 'utf8'));
const { sources } = readNames();
const withKey = (name: string): string => name.replace('<key>', 'team').replace('*', 'any.thing');
const content = [
  ...documented.filter(({ isContent }) => isContent).map(({ name }) => withKey(name)),
  ...sources.flatMap((source) => source.content ?? []).flatMap((name) => [name, `${name}.0.content`]),
  ...sources.flatMap(({ below = [] }) => below.map((prefix) => `${prefix}.name_of_a_later_version`)),
  ...['app.userPrompt', 'USER_INPUT', 'chat.messages.3.value', 'service_api_key', 'x.Set-Cookie'],
  ...['messages[0]', 'LLMOutput', 'User Input', 'prompt_template', 'chatMessages.0.id', 'apiKeyValue', 'userAPIKey'],
];
const kept = [
  ...documented.filter(({ isContent }) => !isContent).map(({ name }) => withKey(name)),
  ...sources.flatMap((source) => source.kept ?? []).map(withKey),
  ...['app.tenant', 'service.name', 'mlflow.traceTag.question'],
];

describe('redaction.yaml in a Collector', function () {
  this.timeout(120_000);
  let backend: HttpServer;
  let collector: Otelcol;
  let folder: string;
  const bodies = new Map<string, string>();
  const waiting = new Map<string, () => void>();

  before(async function () {
    // The first build takes minutes.
    this.timeout(900_000);
    const reason = await whyNoOtelcol();
    if (reason !== undefined) {
      console.log(`    Skipped: ${reason}`);
      return this.skip();
    }
    await buildOtelcol((line) => console.log(`    ${line}`));
    backend = await listen(async (request, response) => {
      const body = await buffer(request);
      const path = request.url ?? '';
      bodies.set(path, (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('latin1'));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      waiting.get(path)?.();
    });
    folder = await mkdtemp(join(tmpdir(), 'redaction-'));
    const logs = join(folder, 'logs.yaml');
    await writeFile(logs, LOGS);
    collector = await startOtelcol(['config.yaml', 'redaction.yaml', logs], {
      OTLP_BACKEND_ENDPOINT: backend.url,
      MLFLOW_TRACKING_URI: `${backend.url}/mlflow`,
    });
  });
  after(async () => {
    await collector?.close();
    await backend?.close();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  /** Sends one request and returns what the backend gets for it. */
  async function pass(path: string, body: object): Promise<string> {
    bodies.delete(path);
    const arrived = new Promise<void>((resolve) => waiting.set(path, resolve));
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${collector.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(response.status, await response.text()).to.equal(200);
    await arrived;
    return bodies.get(path) ?? '';
  }

  const text = { stringValue: CANARY };
  /** Content as each type of value, one after the other. */
  const values = [
    text,
    { arrayValue: { values: [text, { intValue: '1' }] } },
    { kvlistValue: { values: [{ key: 'inner', value: text }] } },
    { bytesValue: Buffer.from(CANARY).toString('base64') },
  ];
  const attributes = [
    ...content.map((key, index) => ({ key, value: values[index % values.length] })),
    ...kept.map((key) => ({ key, value: { stringValue: 'figure' } })),
    ...sources
      .flatMap(({ url = [] }) => url)
      .map((key) => ({
        key,
        value: { stringValue: `https://${CANARY}:${CANARY}@host.example/path?q=${CANARY}#${CANARY}` },
      })),
  ];
  const resource = { attributes };
  const scope = { name: 'scope', attributes };
  const ids = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
  const now = String(Date.now() * 1_000_000);

  /** Names that stayed, without those of names that are longer. */
  function expectOnlyFigures(received: string): void {
    expect(received).not.to.contain(CANARY);
    expect(received).to.contain('https://host.example/path');
    expect(kept.filter((name) => !received.includes(name))).to.deep.equal([]);
    // Each of resource, scope and span or record has every figure.
    expect(received.split('app.tenant')).to.have.length(4);
  }

  it('removes content from attributes, events and status of spans, and from scopes and resources', async () => {
    const span = {
      ...ids,
      ...{ name: 'chat', kind: 3, startTimeUnixNano: now, endTimeUnixNano: now, attributes },
      events: [
        { name: 'exception', timeUnixNano: now, attributes: [...attributes, { key: 'any.name', value: text }] },
        { name: 'gen_ai.choice', timeUnixNano: now, attributes: [{ key: 'any', value: values[2] }] },
      ],
      status: { code: 2, message: CANARY },
    };
    const received = await pass('/v1/traces', {
      resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [span] }] }],
    });
    expectOnlyFigures(received);
    expect(received).to.contain('gen_ai.choice').and.to.contain('exception.type');
  });

  it('removes the body and the content attributes of log records', async () => {
    for (const body of values) {
      const record = { ...ids, timeUnixNano: now, severityText: 'INFO', eventName: 'details', attributes, body };
      const logs = { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: [record] }] }] };
      const received = await pass('/v1/logs', logs);
      expectOnlyFigures(received);
      expect(received).to.contain('details');
    }
  });

  it('writes no content to its own log', async () => {
    expect(await collector.log()).not.to.contain(CANARY);
  });
});
