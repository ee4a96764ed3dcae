import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MeterProvider } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { gitMetadata } from '../src/export/program/git.js';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from '../src/index.js';
import { collectDiag } from './support/diag.js';
import { eachEnvironment } from './support/environment.js';
import { type Answer, type ReceivedRequest, startLocalServer } from './support/local-server.js';
import { chatAttributes, exportSpans, FAILED, recordSpans, SUCCESS } from './support/tracing.js';

describe('hostile surroundings', () => {
  const environment = eachEnvironment();
  let log: ReturnType<typeof collectDiag>;
  const closing: (() => Promise<void> | void)[] = [];
  beforeEach(() => {
    log = collectDiag();
  });
  afterEach(async () => {
    log.stop();
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function start(
    answer: (request: ReceivedRequest) => Answer | undefined = () => undefined,
    config: MlflowSpanExporterConfig = {},
  ): Promise<{ exporter: MlflowSpanExporter; requests: string[] }> {
    const requests: string[] = [];
    const server = await startLocalServer((request) => {
      requests.push(request.path);
      return answer(request);
    });
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, retry: { initialBackoffMillis: 1 }, ...config });
    closing.push(server.close, () => exporter.shutdown());
    return { exporter, requests };
  }
  const chat = (inputs: string): ReadableSpan =>
    recordSpans((tracer) => {
      tracer.startSpan('chat', { attributes: { ...chatAttributes('q', 'a'), 'mlflow.spanInputs': inputs } }).end();
    })[0]!;

  it('a span that cannot be read is dropped and named, and the spans beside it arrive', async () => {
    const { exporter, requests } = await start();
    const good = chat('{}');
    const odd = Object.create(chat('{}'), { endTime: { value: undefined } }) as ReadableSpan;
    const big = Object.create(chat('{}'), { attributes: { value: { 'session.id': [10n] } } }) as ReadableSpan;
    expect((await exportSpans(exporter, [odd, good, big])).code).to.equal(SUCCESS);
    expect(requests).to.include('/v1/traces');
    expect(log.lines.join('\n')).to.match(/refuses span "chat" \(it cannot be read/);
  });

  it('JSON that is nested 20,000 times loses its preview only', async () => {
    const { exporter, requests } = await start();
    const deep = `${'{"body":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    const span = Object.create(chat(deep)) as ReadableSpan;
    Object.defineProperty(span, 'attributes', {
      value: { 'mlflow.spanType': 'CHAT_MODEL', 'mlflow.spanInputs': deep },
    });
    expect((await exportSpans(exporter, [span, chat('{}')])).code).to.equal(SUCCESS);
    expect(requests).to.include('/v1/traces');
  });

  it('a span that cannot be read counts as lost once, even if no span can be delivered', async () => {
    const counted: [number, unknown][] = [];
    const ignore = { add: () => {}, record: () => {} };
    const meter = {
      createUpDownCounter: () => ignore,
      createHistogram: () => ignore,
      createCounter: (name: string) =>
        name === 'otel.sdk.exporter.span.exported'
          ? { add: (spans: number, { 'error.type': type }: Record<string, unknown>) => counted.push([spans, type]) }
          : ignore,
    };
    const { exporter } = await start(() => ({ status: 403, body: 'no' }), {
      meterProvider: { getMeter: () => meter } as unknown as MeterProvider,
    });
    const odd = Object.create(chat('{}'), { endTime: { value: undefined } }) as ReadableSpan;
    expect((await exportSpans(exporter, [odd, chat('{}')])).code).to.equal(FAILED);
    expect(counted).to.deep.equal([
      [1, 'rejected'],
      [1, '403'],
    ]);
  });

  it('errors of callbacks and meters do not reach the application', async () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    const instrument = { add: broken, record: broken };
    const meter = {
      createCounter: () => instrument,
      createUpDownCounter: () => instrument,
      createHistogram: () => instrument,
    };
    const { exporter } = await start(undefined, {
      meterProvider: { getMeter: () => meter } as unknown as MeterProvider,
    });
    expect((await exportSpans(exporter, [chat('{}')])).code).to.equal(SUCCESS);
    await exporter.shutdown();
    exporter.export([chat('{}')], broken);
    expect(log.lines.filter((line) => line.includes('meter provider'))).to.have.lengthOf(1);
    expect(log.lines.filter((line) => line.includes('callback'))).to.have.lengthOf(1);
  });

  it('the exporter does not take an outage with status 404 for an old server', async () => {
    let isDown = true;
    const { exporter, requests } = await start(() => (isDown ? { status: 404, body: 'nothing here' } : undefined), {
      experimentId: '1',
      timeoutMillis: 5000,
    });
    // The experiment was found before the outage.
    isDown = false;
    expect((await exportSpans(exporter, [chat('{}')])).code).to.equal(SUCCESS);
    isDown = true;
    const exporting = exportSpans(exporter, [chat('{}')]);
    while (!requests.includes('/version')) await new Promise((resolve) => setImmediate(resolve));
    isDown = false;
    expect((await exporting).code).to.equal(SUCCESS);
    expect(log.lines.join('\n')).to.not.include('no OTLP route');
  });

  it('no message shows the password of a proxy that repeats its request', async () => {
    const proxy = createServer((request, response) => response.writeHead(502).end(JSON.stringify(request.headers)));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    environment.set({ http_proxy: `http://alice:secret-of-alice@127.0.0.1:${port}` });
    try {
      const exporter = new MlflowSpanExporter({ trackingUri: 'http://mlflow.example', retry: { maxRetries: 0 } });
      const { code, error } = await exportSpans(exporter, [chat('{}')]);
      await exporter.shutdown();
      expect(code).to.equal(FAILED);
      const said = `${error?.message}\n${log.lines.join('\n')}`;
      expect(said).to.include('proxy-authorization');
      expect(said).to.not.include(Buffer.from('alice:secret-of-alice').toString('base64'));
    } finally {
      await new Promise((resolve) => proxy.close(resolve));
    }
  });

  it('a password with "@" in the address of a repository is removed as a whole', () => {
    const folder = mkdtempSync(join(tmpdir(), 'git-'));
    closing.push(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, '.git'));
    writeFileSync(join(folder, '.git', 'HEAD'), 'ref: refs/heads/main\n');
    writeFileSync(join(folder, '.git', 'config'), '[remote "origin"]\n\turl = https://user:p@ss@host/r.git\n');
    expect(gitMetadata(folder)['mlflow.source.git.repoURL']).to.equal('https://host/r.git');
  });
});
