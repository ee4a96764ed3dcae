import type { AutologStarted } from '../../common/channels.js';

/** Names the file that gets the events of the application, one line of JSON each. */
export const EVENTS_FILE = 'MLFLOW_BEDROCK_DOCTOR_EVENTS';

/** Something that happened in the application. `at` is in milliseconds of the epoch. */
export type ApplicationEvent = { readonly at: number; readonly pid: number; readonly thread: number } & Happening;

export type Happening =
  | { readonly event: 'autolog'; readonly started: AutologStarted; readonly hasProcessor: boolean }
  /** The first request of a client to a host of Bedrock. Without `userAgent`, only the connection is known. */
  | { readonly event: 'request'; readonly host: string; readonly userAgent?: string }
  /** The AWS SDK is loaded. */
  | { readonly event: 'sdk' }
  /** A tracer provider is registered. */
  | { readonly event: 'provider' }
  | { readonly event: 'span'; readonly traceId: string; readonly spanId: string; readonly isModelCall: boolean }
  /** An error that the application does not catch ends it. */
  | { readonly event: 'uncaught' }
  /** `ranEmpty`: the process ended by itself, not by `process.exit()`. */
  | { readonly event: 'exit'; readonly ranEmpty: boolean };

/** How the application ran. */
export interface RunFacts {
  readonly events: readonly ApplicationEvent[];
  /** The process id of the application. */
  readonly pid: number;
  /** Exit code; absent if a signal ended it. */
  readonly code?: number;
  readonly signal?: string;
  /** After which time the doctor ended it, in seconds; absent if it ended by itself. */
  readonly endedAfterSeconds?: number;
  /** Whether the user ended the doctor, by Ctrl+C or another signal, while the application ran. */
  readonly isInterrupted: boolean;
  /** Whether a second tracer provider was registered, which OpenTelemetry refuses. */
  readonly secondProvider: boolean;
}

/** The spans of the application, and those of them that MLflow has. */
export interface DeliveryFacts {
  /** Address of the server, without credentials. */
  readonly url: string;
  /** Ids of OpenTelemetry: the traces that were looked for. */
  readonly traceIds: ReadonlySet<string>;
  readonly spanIds: ReadonlySet<string>;
  readonly experimentId?: string;
  /** Why the spans cannot be read back; absent if they can. */
  readonly failed?: { readonly message: string; readonly status?: number; readonly errorCode?: string };
}
