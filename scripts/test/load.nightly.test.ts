import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { testServer } from 'testing/mlflow-test-server.js';
import { type Finished, runNode } from 'testing/run.js';
import type { Measurement } from '../load/job.js';

const ROOT = resolve(import.meta.dirname, '../..');

describe('npm run load', function () {
  this.timeout(120_000);
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'load-test-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const load = async (args: string[], code = 0): Promise<Finished & { measurements: Measurement[] }> => {
    const json = join(directory, 'figures.json');
    const finished = await runNode(['scripts/bootstrap.mjs', 'load', ...args, '--json', json], { cwd: ROOT });
    expect(finished.code, finished.output).to.equal(code);
    return { ...finished, ...(JSON.parse(readFileSync(json, 'utf8')) as { measurements: Measurement[] }) };
  };

  it('sends at a rate, and reports what that cost the server that it started', async () => {
    // A server on a busy machine keeps up with this rate. With 20 traces in one second it did not.
    const { output, measurements } = await load(['--rate', '4', '--seconds', '5', '--applications', '2']);
    expect(output).to.match(
      /^server +kind +spans\/trace +kB\/call +spans\/s .*\n-.*\nsqlite 1 +full +5 +2 +\d+ +\d+ +0 /m,
    );
    const [{ sent, spent }] = measurements as [Measurement];
    expect(sent).to.include({ spans: 100, traces: 20, lostSpans: 0 });
    expect(spent.serverCpuSeconds).to.be.within(0.01, 60);
    // Two model calls of 2 kB in each of 20 traces.
    expect(spent.storedBytes).to.be.within(2 * 2000 * 20, 20 * 2 * 2000 * 20);
  });

  it('fails if the server does not keep up with the rate', async () => {
    const { url } = await testServer();
    const asked = ['--mlflow', url, '--rate', '200', '--seconds', '1', '--spans', '1'];
    const { output, measurements } = await load(asked, 1);
    const [{ sent }] = measurements as [Measurement];
    expect(output).to.contain(
      `The server does not keep up with 200 traces/s: what was made in 1 s took ${sent.seconds.toFixed(1)} s.`,
    );
  });

  it('sends as fast as a running server takes spans, and counts those that arrived', async () => {
    const { url } = await testServer();
    const client = new MlflowClient({ trackingUri: url });
    const before = await loadExperiments(url);
    const { output, measurements } = await load([
      ...['--mlflow', url, '--seconds', '1', '--spans', '1', '--trace-info', 'otlp-only'],
      ...['--batch', '8', '--applications', '1'],
    ]);
    expect(output).to.match(/^given +otlp-only +1 +2 /m);
    const [{ sent, spent }] = measurements as [Measurement];
    expect(spent).to.deep.equal({});
    expect(sent.traces).to.be.greaterThan(0).and.equal(sent.spans);

    const [experiment = ''] = (await loadExperiments(url)).filter((id) => !before.includes(id));
    const traceIds = new Set<string>();
    for await (const { traceId } of client.eachTrace({ experimentIds: [experiment], maxResults: 500 }))
      traceIds.add(traceId);
    client.close();
    // The experiment contains the traces of the warm-up too, in batches of four.
    expect(traceIds.size).to.be.greaterThan(sent.traces);
    expect((traceIds.size - sent.traces) % 4).to.equal(0);
  });
});

/** Ids of the experiments that the load script made. */
async function loadExperiments(url: string): Promise<string[]> {
  const response = await fetch(`${url}/api/2.0/mlflow/experiments/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ max_results: 1000, filter: "name LIKE 'load-%'" }),
  });
  const { experiments = [] } = (await response.json()) as { experiments?: { experiment_id: string }[] };
  return experiments.map(({ experiment_id: id }) => id);
}
