/** What a measurement sends, and what came of it. */

/** Backends that the script starts by itself. */
export const BACKENDS = ['sqlite', 'postgres'] as const;
export type Backend = (typeof BACKENDS)[number];

export interface LoadJob {
  /** `full` sends a record for each trace after its spans, as the exporter does by default. */
  readonly traceInfo: 'full' | 'otlp-only';
  /** 1: a model call alone. 5: an agent with two model calls and two tool runs. */
  readonly spansPerTrace: 1 | 5;
  /** Recorded content of one model call. */
  readonly kilobytes: number;
  /** Spans that are handed to an exporter at once. */
  readonly batchSpans: number;
  /** Exporters that send side by side, each one batch after the other, as so many processes would. */
  readonly applications: number;
  /** Traces per second, of all applications together. Absent: as many as the server takes. */
  readonly rate?: number;
  readonly seconds: number;
}

/** What the senders know. */
export interface Sent {
  readonly spans: number;
  readonly traces: number;
  /** Dropped by the queue, or not delivered. */
  readonly lostSpans: number;
  /** From the first span to the last answer. */
  readonly seconds: number;
  /** CPU time of the senders. */
  readonly cpuSeconds: number;
}

/** What changed on the side of the server meanwhile. */
export interface Spent {
  /** CPU time of MLflow with all workers; absent where the server is not ours, or the system is not Linux. */
  readonly serverCpuSeconds?: number;
  /** CPU time of PostgreSQL with all its processes. */
  readonly databaseCpuSeconds?: number;
  /** Growth of the database, indexes included. */
  readonly storedBytes?: number;
  /** Growth of PostgreSQL's write-ahead log: what it writes besides, and what a replica receives. */
  readonly walBytes?: number;
  readonly commits?: number;
  /** Rows inserted, updated or deleted. */
  readonly rowsWritten?: number;
}

export interface Measurement {
  /** Absent for a server that runs already. */
  readonly backend?: Backend;
  readonly workers?: number;
  readonly job: LoadJob;
  readonly sent: Sent;
  readonly spent: Spent;
  /** The system's load average over one minute, at the end. */
  readonly loadAverage: number;
}

/** Content of so many model calls is in a trace. */
export function modelCallsPerTrace(spansPerTrace: number): number {
  return Math.max(1, Math.floor(spansPerTrace / 2));
}
