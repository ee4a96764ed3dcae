/** What a measurement sends, and its results. */

/** Backends of the servers that the script starts. */
export const BACKENDS = ['sqlite', 'postgres'] as const;
/** Where an MLflow server keeps its data. */
export type Backend = (typeof BACKENDS)[number];

/** What to send, and how fast. */
export interface LoadJob {
  /** `full` sends a record for each trace too, as the exporter does by default. */
  readonly traceInfo: 'full' | 'otlp-only';
  /** 1: a model call alone. 5: an agent with two model calls and two tool runs. */
  readonly spansPerTrace: 1 | 5;
  /** Recorded content of one model call, in kB. */
  readonly kilobytes: number;
  /** Spans per export. */
  readonly batchSpans: number;
  /** Exporters that send at the same time, as so many processes would. */
  readonly applications: number;
  /** Traces per second of all applications together. Absent: as many as the server takes. */
  readonly rate?: number;
  readonly seconds: number;
}

/** Results on the side of the senders. */
export interface Sent {
  readonly spans: number;
  readonly traces: number;
  /** Spans that the queue dropped or that were not delivered. */
  readonly lostSpans: number;
  /** Time from the first span to the last answer. */
  readonly seconds: number;
  /** CPU time of the senders. */
  readonly cpuSeconds: number;
}

/** What changed on the side of the server during the measurement. */
export interface Spent {
  /** CPU time of MLflow with all workers. Absent for a server of the user's, or on a system other than Linux. */
  readonly serverCpuSeconds?: number;
  /** CPU time of PostgreSQL with all its processes. */
  readonly databaseCpuSeconds?: number;
  /** Growth of the database, indexes included. */
  readonly storedBytes?: number;
  /** Growth of PostgreSQL's write-ahead log, which is also what a replica receives. */
  readonly walBytes?: number;
  readonly commits?: number;
  /** Rows inserted, updated or deleted. */
  readonly rowsWritten?: number;
}

/** One line of the report. */
export interface Measurement {
  /** Absent for a server of the user's. */
  readonly backend?: Backend;
  readonly workers?: number;
  readonly job: LoadJob;
  readonly sent: Sent;
  readonly spent: Spent;
  /** The system's load average over one minute, at the end. */
  readonly loadAverage: number;
}

/** The number of model calls in a trace of this many spans. */
export function modelCallsPerTrace(spansPerTrace: number): number {
  return Math.max(1, Math.floor(spansPerTrace / 2));
}
