import { type Column, formatTable } from '../support/table.js';
import type { Measurement } from './job.js';

const COLUMNS: readonly Column[] = [
  { title: 'server', align: 'left' },
  { title: 'kind', align: 'left' },
  ...['spans/trace', 'kB/call', 'spans/s', 'traces/s', 'lost', 'ms server', 'ms database', 'kB stored', 'load'].map(
    (title): Column => ({ title, align: 'right' }),
  ),
];

/** A table in plain text. Milliseconds are CPU time per span, and kilobytes are stored data per span. */
export function formatMeasurements(measurements: readonly Measurement[]): string {
  return formatTable(COLUMNS, measurements.map(row)).join('\n');
}

/** More than the last batches take on a server that is fast enough. */
const LATE_SHARE = 1.2;
const LATE_SECONDS = 2;

/** Why the server is too slow for the rate of the job. Returns undefined if it is fast enough or the job has no rate. */
export function whyTooSlow({ job, sent }: Measurement): string | undefined {
  if (job.rate === undefined) return undefined;
  const isLate = sent.seconds > job.seconds * LATE_SHARE + LATE_SECONDS;
  if (sent.lostSpans === 0 && !isLate) return undefined;
  const lost = sent.lostSpans === 0 ? '' : `, and ${sent.lostSpans} spans were lost`;
  return `The server does not keep up with ${job.rate} traces/s: what was made in ${job.seconds} s took ${sent.seconds.toFixed(1)} s${lost}.`;
}

function row({ backend, workers, job, sent, spent, loadAverage }: Measurement): string[] {
  const perSpan = (total: number | undefined, unit: number): string =>
    total === undefined || sent.spans === 0 ? '–' : ((total * unit) / sent.spans).toFixed(2);
  return [
    backend === undefined ? 'given' : `${backend} ${workers}`,
    job.traceInfo,
    String(job.spansPerTrace),
    String(job.kilobytes),
    (sent.spans / sent.seconds).toFixed(0),
    (sent.traces / sent.seconds).toFixed(0),
    String(sent.lostSpans),
    perSpan(spent.serverCpuSeconds, 1000),
    perSpan(spent.databaseCpuSeconds, 1000),
    perSpan(spent.storedBytes, 1 / 1000),
    loadAverage.toFixed(1),
  ];
}
