import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import type { StorageType } from 'testing/managed/databricks/storage.js';
import type { Workspace } from 'testing/managed/databricks/workspace.js';
import { MlflowClient, MlflowSpanExporter } from '../../src/index.js';
import { eachWorkspace, TOKEN } from '../support/databricks.js';
import { eachTest } from '../support/each-test.js';
import { type Answer, type ReceivedRequest, unusedAddress } from '../support/local-server.js';
import { exportSpans, FAILED, recordSpans, SUCCESS } from '../support/tracing.js';

const SIGNATURE = 's1gnature-of-a-storage';
const QUERY = `?sv=2024-08-04&sig=${SIGNATURE}`;

describe('the storage of a workspace', () => {
  const { log, closing, startServer } = eachTest();
  const workspaces = eachWorkspace(closing);

  async function startWorkspace(signed_uri: string, type: StorageType = 'AZURE_SAS_URI'): Promise<Workspace> {
    const workspace = await workspaces.start();
    workspace.intercept = ({ path }) =>
      path.includes('/credentials-for-data-')
        ? { status: 200, body: { credential_info: { type, signed_uri } } }
        : undefined;
    return workspace;
  }
  const settings = { trackingUri: 'databricks', retry: { initialBackoffMillis: 1, maxRetries: 1 } };
  function newExporter(): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({ ...settings, experimentName: '/Users/ada/traces', modelCatalogUri: '' });
    closing.push(() => exporter.shutdown());
    return exporter;
  }
  const oneSpan = (): ReadableSpan[] => recordSpans((tracer) => tracer.startSpan('agent').end());
  /** What the exporter says about a span that it cannot store. */
  async function complaint(): Promise<string> {
    const { code, error } = await exportSpans(newExporter(), oneSpan());
    expect(code).to.equal(FAILED);
    expect(log.lines).to.have.lengthOf(1);
    expect([...log.lines, error?.message, error?.stack].join()).not.to.match(/s1gnature|of-a-storage|Signature=/i);
    return error?.message ?? '';
  }

  const url = 'http://127.0.0.1:…';
  const echo = ({ path, headers }: ReceivedRequest): string => `${path} ${JSON.stringify(headers)}`;
  const cases: [what: string, answer: (request: ReceivedRequest) => Answer, message: string][] = [
    [
      'repeats the signed address as plain text',
      (request) => ({ status: 400, body: `https://storage.example${echo(request)}` }),
      `The storage of the workspace at ${url} refuses the file of a trace (400)`,
    ],
    [
      'repeats it in the code of its error',
      () => ({ status: 409, body: `<Error><Code>${SIGNATURE}</Code></Error>` }),
      `The storage of the workspace at ${url} refuses the file of a trace (409)`,
    ],
    [
      'redirects',
      ({ path }) => ({ status: 307, headers: { location: `http://127.0.0.1:1${path}` } }),
      `The storage of the workspace at ${url} redirects (307), and redirects are not followed: let proxies and firewalls pass requests to it.`,
    ],
    [
      'stands behind a login page',
      (request) => ({ status: 200, headers: { 'content-type': 'text/html' }, body: `<html>${echo(request)}</html>` }),
      `${url} answers with a web page, not as an MLflow server: check trackingUri or MLFLOW_TRACKING_URI.`,
    ],
    [
      'ends the connection',
      () => (response) => void response.destroy(),
      `The storage of the workspace at ${url} cannot be reached (other side closed)`,
    ],
  ];
  for (const [what, answer, message] of cases) {
    it(`${what}, and no message shows the signature`, async () => {
      const storage = await startServer(answer);
      await startWorkspace(`${storage.url}/file${QUERY}`);
      expect((await complaint()).replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:…')).to.equal(message);
      for (const { headers } of storage.requests) expect(JSON.stringify(headers)).not.to.include(TOKEN);
    });
  }

  it('cannot be reached, and the message names it', async () => {
    const address = await unusedAddress();
    await startWorkspace(`${address}/file${QUERY}`);
    expect(await complaint()).to.match(/^The storage of the workspace at \S+ cannot be reached \(connect ECONNREFUSED/);
  });

  it('asks for a pause, which the exporter keeps', async () => {
    const times: number[] = [];
    const storage = await startServer(() => {
      times.push(performance.now());
      return times.length > 1 ? undefined : { status: 503, headers: { 'retry-after': '0.3' } };
    });
    await startWorkspace(`${storage.url}/file${QUERY}`);
    expect((await exportSpans(newExporter(), oneSpan())).code).to.equal(SUCCESS);
    expect((times[1] ?? 0) - (times[0] ?? 0)).to.be.above(290);
  });

  for (const signed_uri of [
    'https://storage.example?sig=x',
    'https://%/file',
    'ftp://storage.example/file',
    'storage',
    'https://storage.example/a file',
  ]) {
    it(`has no address such as ${signed_uri}`, async () => {
      const workspace = await startWorkspace(signed_uri);
      const message = `What answers at ${workspace.url} is not an MLflow server: check trackingUri or MLFLOW_TRACKING_URI.`;
      expect(await complaint()).to.equal(message);
      const client = new MlflowClient(settings);
      closing.push(() => client.close());
      const [id = ''] = workspace.records.keys();
      expect(await client.getTrace(id).catch((error: Error) => error.message)).to.equal(message);
    });
  }

  it('gets the whole file again if its first answer is lost after it has appended', async () => {
    let file: Buffer = Buffer.alloc(0);
    let lost = 0;
    const storage = await startServer(({ method, path, body }) => {
      if (method === 'PUT') file = Buffer.alloc(0);
      // As ADLS does: data follows what is there already.
      else if (file.byteLength !== Number(new URL(path, 'http://x').searchParams.get('position')))
        return { status: 400 };
      else file = body;
      return method === 'PATCH' && file === body && lost++ === 0
        ? (response) => void response.destroy()
        : { status: 200 };
    });
    await startWorkspace(`${storage.url}/file${QUERY}`, 'AZURE_ADLS_GEN2_SAS_URI');
    expect((await exportSpans(newExporter(), oneSpan())).code).to.equal(SUCCESS);
    expect(JSON.parse(String(file)))
      .to.have.property('spans')
      .with.lengthOf(1);
    expect(storage.requests.map(({ method }) => method)).to.deep.equal(['PUT', 'PATCH', 'PATCH', 'PUT', 'PATCH']);
    expect(log.lines).to.deep.equal([]);
  });

  it('keeps an empty file of a trace whose upload failed in the middle, which the client reads as no spans', async () => {
    const storage = await startServer(({ method }) => ({ status: method === 'PATCH' ? 403 : 200, body: '' }));
    const workspace = await startWorkspace(`${storage.url}/file${QUERY}`, 'AZURE_ADLS_GEN2_SAS_URI');
    expect(await complaint()).to.match(/refuses the address that the workspace has just signed \(403\)/);
    const client = new MlflowClient(settings);
    closing.push(() => client.close());
    const [id = ''] = workspace.records.keys();
    expect((await client.getTrace(id)).spans).to.deep.equal([]);
  });

  it('has no file, or refuses to return it, which the client says', async () => {
    let status = 200;
    const storage = await startServer(({ method }) => ({ status: method === 'GET' ? status : 200 }));
    const workspace = await startWorkspace(`${storage.url}/file${QUERY}`);
    expect((await exportSpans(newExporter(), oneSpan())).code).to.equal(SUCCESS);
    const client = new MlflowClient(settings);
    closing.push(() => client.close());
    const [id = ''] = workspace.records.keys();
    status = 404;
    expect((await client.getTrace(id)).spans).to.deep.equal([]);
    status = 409;
    const failure = await client.getTrace(id).catch(({ message }: Error) => message);
    expect(failure).to.equal(`The storage of the workspace at ${storage.url} refuses the file of a trace (409)`);
  });

  it('takes the file by one request if its type is unknown', async () => {
    const storage = await startServer(() => ({ status: 200 }));
    for (const type of ['LATER_SIGNED_URI', undefined]) {
      await startWorkspace(`${storage.url}/file${QUERY}`, type as StorageType);
      expect((await exportSpans(newExporter(), oneSpan())).code).to.equal(SUCCESS);
      expect(storage.requests.splice(0).map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
        `PUT /file${QUERY}`,
      ]);
    }
  });
});
