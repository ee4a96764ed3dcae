import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import type { Answer, LocalServer } from '../support/local-server.js';
import { exportSpans, FAILED, recordSpans, SUCCESS } from '../support/tracing.js';

type Page = Exclude<Answer, (...args: never[]) => unknown>;

describe('a gateway that lets /api through and not /v1/traces', () => {
  const { log, closing, startServer } = eachTest();
  const oneSpan = (): ReadableSpan[] => recordSpans((tracer) => tracer.startSpan('span').end());
  const html = (status: number): Page => ({ status, headers: { 'content-type': 'text/html' }, body: '<h1>No</h1>' });
  const json = (status: number): Page => ({ status, body: '{"message":"Forbidden"}' });
  const text = (status: number): Page => ({ status, headers: { 'content-type': 'text/plain' }, body: 'denied' });

  async function start(
    upload: () => Answer | undefined,
    { version, ...config }: MlflowSpanExporterConfig & { version?: string } = {},
  ): Promise<{ server: LocalServer; exporter: MlflowSpanExporter }> {
    const info = { trace_id: 'x', tags: { 'mlflow.artifactLocation': 'mlflow-artifacts:/7/traces/x/artifacts' } };
    const server = await startServer(({ path }) => {
      if (path === '/v1/traces') return upload();
      if (path === '/version') return version === undefined ? html(404) : { status: 200, body: version };
      return path === '/api/3.0/mlflow/traces'
        ? { status: 200, body: JSON.stringify({ trace: { trace_info: info } }) }
        : undefined;
    });
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, ...config });
    closing.push(() => exporter.shutdown());
    return { server, exporter };
  }
  const uploads = ({ requests }: LocalServer): number => requests.filter(({ path }) => path === '/v1/traces').length;
  const reason = ({ url }: LocalServer, answer: number | string): string =>
    `${url} does not let /v1/traces through (${answer}), although MLflow answers below /api: let the gateway or proxy before MLflow pass POST requests to /v1/traces.`;

  const consequence = 'Until then, traces are stored as artifacts, without cost and search by span.';
  const puts = ({ requests }: LocalServer): number => requests.filter(({ method }) => method === 'PUT').length;

  for (const [what, page, answer] of [
    ['a page', html(403), '403'],
    ['JSON', json(403), '403: Forbidden'],
    ['a text', text(403), '403: denied'],
    ['a page with status 200', html(200), '200'],
    ['a login page', { status: 302, headers: { location: 'https://login.example.com/' } }, '302'],
  ] as const) {
    it(`gets a message once if it refuses with ${what}, and traces arrive as artifacts`, async () => {
      const { server, exporter } = await start(() => page);
      for (let n = 0; n < 2; n++) expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
      expect(log.lines).to.deep.equal([`warn: ${reason(server, answer)} ${consequence}`]);
      expect(puts(server)).to.equal(2);
    });
  }

  for (const version of ['3.18.0', undefined]) {
    for (const page of [html(404), json(404), html(405)]) {
      const { 'content-type': type = 'JSON' } = page.headers ?? {};
      it(`gets such a message once for ${page.status} as ${type}, and traces arrive as artifacts (version ${version})`, async () => {
        const { server, exporter } = await start(() => page, version === undefined ? {} : { version });
        for (let n = 0; n < 2; n++) expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
        expect(log.lines).to.deep.equal([`warn: ${reason(server, page.status)} ${consequence}`]);
        expect(puts(server)).to.equal(2);
      });
    }
  }

  it('gets such a message also if the time of the export is over before that is certain', async () => {
    // Certainty takes five looks with pauses of 0.5 s.
    const { server, exporter } = await start(() => html(404), { version: '3.18.0', timeoutMillis: 1900 });
    const { code, error } = await exportSpans(exporter, oneSpan());
    expect([code, error?.message]).to.deep.equal([FAILED, reason(server, 404)]);
  });

  it('does not get it for what MLflow itself refuses', async () => {
    for (const own of [
      { ...text(403), body: 'Permission denied' },
      { ...text(403), body: 'Invalid Host header - possible DNS rebinding attack detected' },
      { status: 403, body: '{"error_code":"PERMISSION_DENIED","message":"no"}' },
    ]) {
      const { server, exporter } = await start(() => own);
      const { error } = await exportSpans(exporter, oneSpan());
      expect(error?.message).to.match(/^MLflow at \S+ does not allow this \(403: .+\): check the user's permissions/);
      expect(uploads(server)).to.equal(1);
    }
  });

  it('does not get it for a load balancer that misses its server for two seconds', async () => {
    let answers = 0;
    const { exporter } = await start(() => (answers++ < 3 ? html(404) : undefined), { version: '3.18.0' });
    expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
    expect([answers, log.lines]).to.deep.equal([4, []]);
  });
});
