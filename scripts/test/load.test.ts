import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { testServer } from 'testing/mlflow-test-server.js';
import { type Finished, runNode } from 'testing/run.js';
import { parseStat } from '../load/cpu.js';
import type { Measurement } from '../load/job.js';
import { readOptions, USAGE } from '../load/options.js';

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

  it('sends at a rate, and tells what that cost the server that it started', async () => {
    // A rate that a server on a busy machine keeps up with, too: 20 in one second were too many for one.
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

  it('fails when the server does not keep up with the rate', async () => {
    const { url } = await testServer();
    const asked = ['--mlflow', url, '--rate', '200', '--seconds', '1', '--spans', '1'];
    const { output, measurements } = await load(asked, 1);
    const [{ sent }] = measurements as [Measurement];
    expect(output).to.contain(
      `The server does not keep up with 200 traces/s: what was made in 1 s took ${sent.seconds.toFixed(1)} s.`,
    );
  });

  it('sends as fast as a running server takes it, and counts what arrived there', async () => {
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
    // The warm-up's traces are in the experiment, too: four to a batch, for one second at least.
    expect(traceIds.size).to.be.greaterThan(sent.traces);
    expect((traceIds.size - sent.traces) % 4).to.equal(0);
  });

  it('says which option is wrong', () => {
    expect(() => readOptions(['--spans', '3'])).to.throw(`--spans is 1 or 5, not "3".\n${USAGE}`);
    expect(() => readOptions(['--rate', '0'])).to.throw('--rate takes a whole number from 1 to 100000, not "0".');
    expect(() => readOptions(['--backend', 'mysql'])).to.throw('--backend is sqlite or postgres, not "mysql".');
    expect(() => readOptions(['--mlflow', 'http://localhost:5000', '--workers', '2'])).to.throw('leave out --mlflow.');
  });

  it('keeps batches small where traces are many or large', () => {
    const batch = (...args: string[]): number => readOptions(args).job.batchSpans;
    expect(batch('--trace-info', 'otlp-only')).to.equal(510);
    expect(batch('--trace-info', 'otlp-only', '--spans', '1')).to.equal(128);
    expect(batch('--trace-info', 'otlp-only', '--spans', '1', '--kilobytes', '50')).to.equal(40);
    expect(batch()).to.equal(80);
    expect(batch('--kilobytes', '4096')).to.equal(5);
  });

  it('reads the times of a process whose name holds brackets and spaces', () => {
    const line = '42 (a) R (b) S 7 40 40 0 -1 4194304 100 200 0 0 11 22 33 44 20 0 1 0 5000 1000 10';
    expect(parseStat(line)).to.deep.equal({ pid: 42, parent: 7, group: 40, ticks: 110 });
  });
});

describe('docs/scale.md', () => {
  it('calculates right what follows from the costs of a trace', () => {
    const page = readFileSync(join(ROOT, 'docs/scale.md'), 'utf8');
    const cells = (name: string): string[] => {
      const [, row = ''] = new RegExp(`^\\| ${name} \\| (.*) \\|$`, 'm').exec(page) ?? [];
      return row.split(' | ');
    };
    const numbers = (name: string): number[] => cells(name).map((cell) => Number(cell.replaceAll(',', '')));
    const costs = { full: numbers('full, 2 kB'), 'otlp-only': numbers('otlp-only, 2 kB') };
    const large = { full: numbers('full, 50 kB'), 'otlp-only': numbers('otlp-only, 50 kB') };
    const traces = numbers('traces/s kept');
    const kinds = cells('kept, kind').map((cell) => (cell.endsWith('full') ? 'full' : 'otlp-only'));
    const shares = cells('kept, kind').map((cell) => (cell.startsWith('all') ? 1 : Number.parseFloat(cell) / 100));
    expect(numbers('model calls/s').map((calls, index) => (calls / 2) * (shares[index] ?? 0))).to.deep.equal(traces);

    const expectRow = (name: string, figure: (traces: number, cost: number[]) => number, costsOf = costs): void => {
      for (const [index, shown] of numbers(name).entries()) {
        const exact = figure(traces[index] ?? 0, costsOf[kinds[index] as 'full' | 'otlp-only']);
        expect(shown, `${name}, column ${index + 1}: ${exact}`).to.be.within(exact * 0.9, exact * 1.1);
      }
    };
    expectRow('cores of MLflow', (rate, [server = 0]) => (rate * server) / 1000);
    expectRow('servers of 2 cores', (rate, [server = 0]) => Math.ceil((rate * server) / 1000 / 1.2));
    expectRow('cores of PostgreSQL', (rate, [, database = 0]) => (rate * database) / 1000);
    expectRow('rows written/s', (rate, [, , rows = 0]) => rate * rows);
    expectRow('commits/s', (rate, [, , , commits = 0]) => rate * commits);
    expectRow('GB/day, 2 kB per call', (rate, [, , , , stored = 0]) => (rate * 86_400 * stored) / 1e6);
    expectRow('GB/day, 50 kB per call', (rate, [, , , , stored = 0]) => (rate * 86_400 * stored) / 1e6, large);
  });

  it('calculates with costs that were measured', () => {
    const page = readFileSync(join(ROOT, 'docs/scale.md'), 'utf8');
    const rows = page.split('\n').flatMap((line) => (line.startsWith('| ') ? [line.slice(2, -2).split(' | ')] : []));
    for (const [, kind, size] of page.matchAll(/^\| (full|otlp-only), (\d+) kB \|/gm)) {
      const [, ...used] = rows.find(([name]) => name === `${kind}, ${size} kB`) ?? [];
      const [, cpu, written] = rows.filter((row) => row[0] === kind && row[1] === '5 spans' && row[2] === `${size} kB`);
      const measured = [cpu?.[4], cpu?.[5], written?.[6], written?.[7], written?.[4]];
      for (const [index, range = ''] of measured.entries()) {
        const [low = 0, high = low] = (range.match(/[\d.]+/g) ?? []).map(Number);
        expect(Number(used[index]), `${kind}, ${size} kB: ${range}`).to.be.within(low, high);
      }
    }
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
