import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { buildPackages } from 'testing/build.js';
import { checkTrackingServer } from '../support/tracking-server.js';
import type { Backend, LoadJob, Measurement } from './job.js';
import { batchSpans, readOptions, USAGE } from './options.js';
import { formatMeasurements, whyTooSlow } from './report.js';
import { type MeasuredServer, runningServer, startServer } from './server.js';

const MATRIX_SERVERS: readonly (readonly [Backend, number])[] = [
  ['sqlite', 1],
  ['sqlite', 4],
  ['postgres', 1],
  ['postgres', 2],
  ['postgres', 4],
];

/** `npm run load` measures how many spans an MLflow server takes, and what they cost the server. */
export async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const log = (line: string): void => console.log(`• ${line}`);
  const built = await buildPackages();
  if (built.length > 0) log(`Built ${built.join(', ')}`);

  // Loaded now, because it imports a package that must be built first.
  const { reportLosses } = await import('./sender.js');
  reportLosses();

  const measurements: Measurement[] = [];
  if (options.mlflow !== undefined) {
    const { uri } = await checkTrackingServer(options.mlflow, 'Start it first, or leave out --mlflow.');
    measurements.push(await measure(options.job, runningServer(uri)));
  } else {
    const servers = options.matrix ? MATRIX_SERVERS : [[options.backend, options.workers] as const];
    const jobs = options.matrix ? matrixJobs(options.job) : [options.job];
    for (const [backend, workers] of servers) {
      const server = await startServer(backend, workers, log);
      try {
        for (const job of jobs) {
          const measurement = { backend, workers, ...(await measure(job, server)) };
          measurements.push(measurement);
          if (options.matrix) log(formatMeasurements([measurement]).split('\n').at(-1) ?? '');
        }
      } finally {
        await server.close();
      }
    }
  }
  console.log(`\n${formatMeasurements(measurements)}`);
  console.log('ms: CPU time per span. kB stored: growth of the database per span.');
  if (options.json !== undefined) {
    const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version };
    writeFileSync(options.json, `${JSON.stringify({ machine, measurements }, null, 2)}\n`);
  }
  const complaints = measurements.map(whyTooSlow).filter((complaint) => complaint !== undefined);
  for (const complaint of complaints) console.error(complaint);
  return complaints.length === 0 && measurements.every(({ sent }) => sent.spans > 0) ? 0 : 1;
}

/** The job with every kind of trace. */
function matrixJobs(job: LoadJob): LoadJob[] {
  const kinds = (['otlp-only', 'full'] as const).flatMap((traceInfo) =>
    ([1, 5] as const).flatMap((spansPerTrace) => [2, 50].map((kilobytes) => ({ traceInfo, spansPerTrace, kilobytes }))),
  );
  return kinds.map((kind) => ({ ...job, ...kind, batchSpans: batchSpans(kind) }));
}

async function measure(job: LoadJob, server: MeasuredServer): Promise<Measurement> {
  const { sendLoad, warmUp } = await import('./sender.js');
  const target = { url: server.url, experimentName: `load-${randomUUID()}` };
  await warmUp(job, target);
  const spentSince = await server.count();
  const sent = await sendLoad(job, target);
  const spent = await spentSince();
  return { job, sent, spent, loadAverage: loadavg()[0] ?? Number.NaN };
}
