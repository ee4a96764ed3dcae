import { parseArgs } from 'node:util';
import { BACKENDS, type Backend, type LoadJob, modelCallsPerTrace } from './job.js';

/** The help text. */
export const USAGE = `Usage: npm run load -- [options]
Measures how many spans an MLflow server takes, and what they cost it.
  --mlflow URL        use a running server instead of starting one
  --backend NAME      of the server that is started: sqlite (default) or postgres (with an S3-compatible store)
  --workers N         of that server (default: 1)
  --rate N            traces per second; ends with 1 when the server does not keep up (default: as many as it takes)
  --seconds N         how long to send (default: 15)
  --spans 1|5         spans per trace: one model call, or an agent with two of them and two tool runs (default: 5)
  --kilobytes N       recorded content of one model call (default: 2)
  --trace-info KIND   full (default) or otlp-only: with or without a record per trace
  --applications N    exporters that send side by side (default: 4)
  --batch N           spans per export (default: at most 512, 128 traces, 16 with full records, 2 MB)
  --matrix            every backend and kind, one after the other: about 10 minutes
  --json FILE         write the figures there, too
  --help              show this`;

/** The command line of `npm run load`. */
export interface LoadOptions {
  readonly job: LoadJob;
  readonly backend: Backend;
  readonly workers: number;
  readonly mlflow?: string;
  readonly matrix: boolean;
  readonly json?: string;
  readonly help: boolean;
}

// Traces take more of the server's time than spans do. A larger batch may take longer than a short measurement.
const BATCH_TRACES = { full: 16, 'otlp-only': 128 } as const;
const BATCH_SPANS = 512;
const BATCH_KILOBYTES = 2048;

const text = { type: 'string' } as const;
const OPTIONS = {
  mlflow: text,
  backend: text,
  workers: text,
  rate: text,
  seconds: text,
  spans: text,
  kilobytes: text,
  'trace-info': text,
  applications: text,
  batch: text,
  json: text,
  matrix: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws Error that names the wrong option and shows the usage */
export function readOptions(args: string[]): LoadOptions {
  try {
    const { values } = parseArgs({ args, options: OPTIONS });
    const { mlflow, json, matrix = false, help = false } = values;
    if (mlflow !== undefined && (matrix || values.backend !== undefined || values.workers !== undefined)) {
      throw new Error('--backend, --workers and --matrix are for servers that are started here: leave out --mlflow.');
    }
    const spansPerTrace = values.spans === '1' ? 1 : 5;
    if (![undefined, '1', '5'].includes(values.spans)) throw new Error(`--spans is 1 or 5, not "${values.spans}".`);
    const traceInfo = oneOf('trace-info', values['trace-info'] ?? 'full', ['full', 'otlp-only']);
    const kilobytes = whole('kilobytes', values.kilobytes ?? '2', 4096);
    return {
      job: {
        traceInfo,
        spansPerTrace,
        kilobytes,
        batchSpans: values.batch
          ? whole('batch', values.batch, 2048)
          : batchSpans({ traceInfo, spansPerTrace, kilobytes }),
        applications: whole('applications', values.applications ?? '4', 64),
        seconds: whole('seconds', values.seconds ?? '15', 600),
        ...(values.rate === undefined ? {} : { rate: whole('rate', values.rate, 100_000) }),
      },
      backend: oneOf('backend', values.backend ?? 'sqlite', BACKENDS),
      workers: whole('workers', values.workers ?? '1', 64),
      ...(mlflow === undefined ? {} : { mlflow }),
      ...(json === undefined ? {} : { json }),
      matrix,
      help,
    };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}

/** The spans of as many whole traces as the limits allow. */
export function batchSpans({
  traceInfo,
  spansPerTrace,
  kilobytes,
}: Pick<LoadJob, 'traceInfo' | 'spansPerTrace' | 'kilobytes'>): number {
  const bySpans = Math.min(BATCH_TRACES[traceInfo], Math.floor(BATCH_SPANS / spansPerTrace));
  const bySize = Math.floor(BATCH_KILOBYTES / (modelCallsPerTrace(spansPerTrace) * kilobytes));
  return Math.max(1, Math.min(bySpans, bySize)) * spansPerTrace;
}

function whole(name: string, value: string, most: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new Error(`--${name} takes a whole number from 1 to ${most}, not "${value}".`);
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw new Error(`--${name} is ${allowed.join(' or ')}, not "${value}".`);
}
