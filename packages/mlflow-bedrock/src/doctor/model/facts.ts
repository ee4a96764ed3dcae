/** What the doctor knows about the machine, the packages, the server and the application. Plain data for the checks. */

/** A copy of a package that the application can reach through its dependencies. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** The folder, from the folder of the application if it is below that. */
  readonly folder: string;
}

export interface PackageFacts {
  /** The folder of the application's `package.json`. */
  readonly root: string;
  /** Whether Yarn's Plug'n'Play keeps the packages in archives, where they are not looked for. */
  readonly isPlugAndPlay: boolean;
  /** All copies of the packages that matter for tracing. */
  readonly packages: readonly InstalledPackage[];
}

/** Whether this machine is a container, and the names of files that hold settings. */
export interface MachineFacts {
  readonly nodeVersion: string;
  /** Which sign of a container there is; absent outside of one. */
  readonly container?: string;
  /** Names of variables that a file `.env` sets and the environment lacks. */
  readonly onlyInEnvFile: readonly string[];
  /** Whether the user has files of the AWS CLI. */
  readonly hasAwsFiles: boolean;
}

/** A failure of a request, or of an export. */
export interface Failed {
  /** Without credentials. */
  readonly message: string;
  /** HTTP status; absent if there was no answer. */
  readonly status?: number;
  readonly errorCode?: string;
}

export interface ExperimentFacts {
  readonly experimentId: string;
  readonly name: string;
  readonly deleted: boolean;
}

export type Wanted = { readonly id: string } | { readonly name: string } | { readonly schema: string };

/** What a request to the server showed. */
export interface ServerFacts {
  /** Without credentials. */
  readonly url: string;
  /** Where traces go: an experiment by its id, or else its name, or a schema of Unity Catalog. */
  readonly wanted: Wanted;
  /** Why the server did not answer as an MLflow server; absent if it did. */
  readonly failed?: Failed;
  /** Absent if there is none yet. */
  readonly experiment?: ExperimentFacts;
  /** Absent if the server does not tell. */
  readonly version?: string;
  /** How far the clock of the server is ahead of this machine's, in milliseconds; absent if the server does not tell. */
  readonly clockAheadMillis?: number;
}

/** Name of the trace that the doctor writes. */
export const TEST_TRACE = 'mlflow-bedrock doctor';

/** What became of that trace. */
export interface TraceFacts {
  readonly traceId: string;
  /** Why MLflow did not take the trace; absent if it did. */
  readonly refused?: Failed;
  /** Whether nothing here can read the trace back, because it is in Unity Catalog. */
  readonly isInCatalog: boolean;
  /** Why the trace cannot be read back; absent if it can. */
  readonly unreadable?: Failed;
  /** Whether MLflow stored the spans in its database, as servers with an OTLP route do. */
  readonly inDatabase: boolean;
  /** Whether the trace is deleted again. */
  readonly deleted: boolean;
}

/** What the file of the application shows without running it. */
export interface FileFacts {
  /** As the user wrote it. */
  readonly file: string;
  /** The SDKs whose code is inside of the file. Empty if it is not a bundle. */
  readonly bundledSdks: readonly string[];
  /** Whether a bundler plugin made the bundle pass its SDKs on to the instrumentation. */
  readonly handsOver: boolean;
  /** Whether the file mentions this package, or passes an SDK on. */
  readonly mentionsTracing: boolean;
}
