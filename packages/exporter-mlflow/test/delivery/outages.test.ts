import { setTimeout as pause } from 'node:timers/promises';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowSpanExporter, type MlflowSpanExporterConfig, MlflowSpanProcessor } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { type Answer, unusedAddress } from '../support/local-server.js';
import { childSpan, exportSpans, FAILED, recordSpans, SUCCESS } from '../support/tracing.js';

const UPLOADS = '/v1/traces';
const RECORDS = '/api/3.0/mlflow/traces';

describe('the log of an application', () => {
  const { log, closing, startServer } = eachTest();
  const roots = (count: number): ReturnType<typeof recordSpans> =>
    recordSpans((tracer) => {
      for (let n = 0; n < count; n++) tracer.startSpan(`trace ${n}`).end();
    });
  const json = (status: number, message: string): Answer => ({ status, body: JSON.stringify({ message }) });
  const newExporter = (trackingUri: string, more: MlflowSpanExporterConfig = {}): MlflowSpanExporter => {
    const exporter = new MlflowSpanExporter({ trackingUri, retry: { maxRetries: 0 }, ...more });
    closing.push(() => exporter.shutdown());
    return exporter;
  };
  /** The new lines, without what varies. */
  const told = (): string[] =>
    log.lines.splice(0).map((line) => line.replace(/after \d+\.\d s/, 'after … s').replace(/http\S+/, 'URL'));

  it('shows a missing password after any number of refusals in other words', async () => {
    let answer: Answer | undefined;
    const server = await startServer(({ path }) => (path === UPLOADS ? answer : undefined));
    const exporter = newExporter(server.url);
    for (let n = 0; n < 40; n++) {
      const message = `not today, request ${n}`;
      answer = { status: 403, body: JSON.stringify({ error_code: 'PERMISSION_DENIED', message }) };
      await exportSpans(exporter, roots(1));
      answer = json(400, `bad span, request ${n}`);
      await exportSpans(exporter, roots(1));
    }
    // The first refusals are about a span with its content and without it, the later ones about its trace.
    expect(told().length).to.be.within(5 + 20, 5 + 20 + 20);
    answer = { status: 401 };
    await exportSpans(exporter, roots(2));
    expect(told())
      .to.have.length(1)
      .and.satisfy(([line = '']: string[]) => /\(401\).* 2 spans were not/.test(line));
    answer = undefined;
    await exportSpans(exporter, roots(1));
    expect(told()).to.deep.equal(['warn: MLflow takes spans again after … s: 82 spans were not delivered, 0 waited.']);
  });

  it('shows each outage with its begin, its changes and its end', async () => {
    let answer: Answer | undefined;
    const server = await startServer(({ path }) => (path === UPLOADS ? answer : undefined));
    const exporter = newExporter(server.url);
    const away = (spans: number): string =>
      `error: MLflow at URL answered 503 (maintenance). ${spans} spans were not delivered.`;
    const end = (spans: number): string =>
      `warn: MLflow takes spans again after … s: ${spans} spans were not delivered, 0 waited.`;
    for (let outages = 0; outages < 30; outages++) {
      answer = json(503, 'maintenance');
      expect((await exportSpans(exporter, roots(2))).code).to.equal(FAILED);
      expect((await exportSpans(exporter, roots(3))).code).to.equal(FAILED);
      answer = undefined;
      expect((await exportSpans(exporter, roots(1))).code).to.equal(SUCCESS);
      expect(told()).to.deep.equal([away(2), end(5)]);
    }
    for (const status of [401, 503, 401]) {
      answer = status === 503 ? json(503, 'maintenance') : { status };
      await exportSpans(exporter, roots(1));
    }
    expect(told().map((line) => /\d{3}/.exec(line)?.[0])).to.deep.equal(['401', '503', '401']);
    answer = undefined;
    await exportSpans(exporter, roots(1));
    expect(told()).to.deep.equal([end(3)]);
    await exporter.shutdown();
    // What arrived, and what did not, is what was made.
    expect(told().at(-1)).to.equal(`warn: MLflow exporter: ${30 * 5 + 3} spans were not delivered in all.`);
  });

  it('shows an outage that follows before the records of another one arrived', async () => {
    let away = new Set<string>();
    const server = await startServer(({ path }) => (away.has(path) ? json(503, 'maintenance') : undefined));
    const exporter = newExporter(server.url);
    const kinds = async (...paths: string[]): Promise<string[]> => {
      away = new Set(paths);
      await exportSpans(exporter, roots(1));
      await exporter.forceFlush();
      return told().map((line) => /spans again|records again|span was not|record could not/.exec(line)?.[0] ?? line);
    };
    expect(await kinds(UPLOADS, RECORDS)).to.deep.equal(['span was not']);
    expect(await kinds(RECORDS)).to.deep.equal(['spans again', 'record could not']);
    expect(await kinds(UPLOADS, RECORDS)).to.deep.equal(['span was not']);
    expect(await kinds(RECORDS)).to.deep.equal(['spans again']);
    expect(await kinds()).to.deep.equal(['records again']);
    expect(await kinds(RECORDS)).to.deep.equal(['record could not']);
    expect(await kinds()).to.deep.equal(['records again']);
  });

  it('does not take spans without a root for the end of an outage of records', async () => {
    let isAway = true;
    const server = await startServer(({ path }) => (isAway && path === RECORDS ? { status: 401 } : undefined));
    const exporter = newExporter(server.url);
    await exportSpans(exporter, roots(1));
    expect(told()[0]).to.match(/^error: The spans were delivered, but not the trace record: .*\(401\)/);
    const [child] = recordSpans((tracer) => childSpan(tracer, tracer.startSpan('root'), 'child'));
    await exportSpans(exporter, [child!]);
    expect(told()).to.deep.equal([]);
    isAway = false;
    await exportSpans(exporter, roots(1));
    expect(told()).to.deep.equal([
      'warn: MLflow takes trace records again after … s: 1 trace was left without its record, 0 waited.',
    ]);
  });

  it('counts the spans that waited for the end of an outage', async () => {
    let failures = 0;
    const server = await startServer(({ path }) =>
      path === UPLOADS && failures-- > 0 ? json(503, 'maintenance') : undefined,
    );
    const exporter = newExporter(server.url, { retry: { initialBackoffMillis: 1, maxRetries: 2 } });
    failures = 3;
    await exportSpans(exporter, roots(4));
    failures = 1;
    await exportSpans(exporter, roots(5));
    expect(told().at(-1)).to.equal('warn: MLflow takes spans again after … s: 4 spans were not delivered, 5 waited.');
  });

  it('shows an outage while an export or a processor outlasts it, and nothing of a shorter one', async () => {
    const retry = { maxRetries: Number.POSITIVE_INFINITY, initialBackoffMillis: 50, maxBackoffMillis: 100 };
    const startAway = async (
      paths: string[],
      healthy: (path: string) => Answer | undefined = () => undefined,
    ): Promise<{ exporter: MlflowSpanExporter; comeBack: () => void }> => {
      let away = paths;
      const { url } = await startServer(({ path }) => (away.includes(path) ? json(503, paths.join()) : healthy(path)));
      const comeBack = (): void => {
        away = [];
      };
      return { exporter: newExporter(url, { retry }), comeBack };
    };
    const long = await startAway([UPLOADS]);
    const records = await startAway([RECORDS]);
    const held = await startAway([UPLOADS, RECORDS]);
    const short = await startAway([UPLOADS]);
    // A server without OTLP, where spans wait for their root until a flush.
    const info = { trace_id: 'tr-1', tags: { 'mlflow.artifactLocation': 'mlflow-artifacts:/7/trace' } };
    const files = await startAway([RECORDS], (path) => {
      if (path === UPLOADS) return { status: 501 };
      if (path.startsWith(`${RECORDS}/`)) return { status: 404, body: '{"error_code":"RESOURCE_DOES_NOT_EXIST"}' };
      return path === RECORDS ? { status: 200, body: JSON.stringify({ trace: { trace_info: info } }) } : undefined;
    });
    await exportSpans(
      files.exporter,
      recordSpans((tracer) => childSpan(tracer, tracer.startSpan('root'), 'child')),
    );
    expect(told()).to.have.length(1);
    const processor = new MlflowSpanProcessor({
      exporter: held.exporter,
      batch: (one, options) => new BatchSpanProcessor(one, { ...options, maxExportBatchSize: 1 }),
    });
    for (const span of roots(3)) processor.onEnd(span);
    const delivered = [
      exportSpans(long.exporter, roots(4)),
      exportSpans(records.exporter, roots(5)),
      exportSpans(short.exporter, roots(6)),
      processor.forceFlush(),
      files.exporter.forceFlush(),
    ];
    await pause(3000);
    short.comeBack();
    expect(told()).to.deep.equal([]);
    while (log.lines.length < 4) await pause(50);
    expect(told().sort()).to.deep.equal([
      `warn: MLflow at URL answered 503 (${RECORDS}). 1 span waits.`,
      `warn: MLflow at URL answered 503 (${UPLOADS}). 4 spans wait.`,
      `warn: MLflow at URL answered 503 (${UPLOADS},${RECORDS}). 3 spans wait.`,
      `warn: The spans were delivered, but trace records wait: MLflow at URL answered 503 (${RECORDS}).`,
    ]);
    for (const { comeBack } of [long, records, held, files]) comeBack();
    await Promise.all(delivered);
    expect(told().sort()).to.deep.equal([
      'warn: MLflow takes spans again after … s: 0 spans were not delivered, 1 waited.',
      'warn: MLflow takes spans again after … s: 0 spans were not delivered, 3 waited.',
      'warn: MLflow takes spans again after … s: 0 spans were not delivered, 4 waited.',
      'warn: MLflow takes trace records again after … s: 0 traces were left without their record, 5 waited.',
    ]);
  });

  it('shows spans that come after the shutdown, and settings that cannot work once', async () => {
    const exporter = newExporter(await unusedAddress());
    await exporter.shutdown();
    for (let n = 0; n < 3; n++) await exportSpans(exporter, roots(1));
    expect(told()).to.deep.equal(['error: The MLflow exporter was shut down already. 1 span was not delivered.']);
    const broken = newExporter('ftp://127.0.0.1');
    expect(told()).to.have.length(1);
    for (let n = 0; n < 3; n++) expect((await exportSpans(broken, roots(2))).code).to.equal(FAILED);
    await broken.shutdown();
    // Their number follows at the end of the process.
    expect(told()).to.deep.equal([]);
  });
});
