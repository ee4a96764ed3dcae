import type { MlflowAwsCredentialsOption } from './aws-credentials.js';

/** A value, or a function that returns the value and is called before every request. */
export type Provided<T> = T | (() => T | Promise<T>);

/**
 * How to reach an MLflow tracking server. Exporter and client share these options. An option in code wins over its
 * environment variable. An empty variable counts as unset.
 */
export interface MlflowConnectionConfig {
  /**
   * Address of the server: `http:` or `https:`, with a path if the server is below one.
   * The ARN of a tracking server or an app of SageMaker, where `username`, `password` and `token` have no effect.
   * `databricks` or `databricks://<profile>` for a workspace, with host and credentials of Databricks' own tools.
   * Environment: `MLFLOW_TRACKING_URI`. Default: `http://localhost:5000`.
   */
  trackingUri?: string;
  /**
   * Headers for every request, or a function that returns them. The exporter calls such a function as it calls that of
   * `token`. These headers win over the ones that other options make. They do not win over the headers of a single
   * request, such as `content-type` and `x-mlflow-experiment-id`. Headers about the connection, such as `keep-alive` and
   * `content-length`, are ignored. Default: none.
   */
  headers?: Provided<Record<string, string>>;
  /** User name for basic authentication, together with `password`. Environment: `MLFLOW_TRACKING_USERNAME`. */
  username?: string;
  /** Password for basic authentication. Environment: `MLFLOW_TRACKING_PASSWORD`. */
  password?: string;
  /**
   * Token for bearer authentication, or a function that returns one. The function is called before every request, so
   * it should cache a token while that is valid. It is called once more if the server refuses the token (401). If it
   * fails or takes longer than 10 s, it is called again within `timeoutMillis`. Its spans are not recorded. If both are
   * set, user name and password win, as in MLflow's own client. Environment: `MLFLOW_TRACKING_TOKEN`.
   */
  token?: Provided<string>;
  /**
   * Credentials of AWS for a tracking URI that is an ARN, and for traces in S3: an identity or a provider of the AWS SDK,
   * for example `fromSSO()` of `@aws-sdk/credential-providers`. Default: what the AWS SDK finds itself (environment,
   * profile, SSO, process, container, instance).
   */
  credentials?: MlflowAwsCredentialsOption;
  /** Workspace, for servers with workspaces enabled. Environment: `MLFLOW_WORKSPACE`. Default: none. */
  workspace?: string;
  /** Accepts any certificate. For experiments only. Environment: `MLFLOW_TRACKING_INSECURE_TLS`. Default: `false`. */
  insecureTls?: boolean;
  /**
   * PEM file with the authorities to trust. Environment: `MLFLOW_TRACKING_SERVER_CERT_PATH`. Default: those of Node.js.
   */
  serverCertPath?: string;
  /**
   * PEM file with the client certificate and its unencrypted key, in any order.
   * Environment: `MLFLOW_TRACKING_CLIENT_CERT_PATH`. Default: none.
   */
  clientCertPath?: string;
  /**
   * Time for one export or one client call including all retries, in milliseconds. The default ends just before the
   * export timeout of `BatchSpanProcessor`. Time in which the process was suspended does not count. Default: 29000.
   */
  timeoutMillis?: number;
  /**
   * Time for one attempt, in milliseconds. An attempt without an answer ends then, and the next one uses another
   * connection. The last attempt that fits gets all that is left of `timeoutMillis`, because a slow server still answers
   * (a locked SQLite takes 20 s). Default: 10000.
   */
  attemptTimeoutMillis?: number;
  /** Repetitions after an outage, a timeout, or status 408, 429, 500, 502, 503, 504. */
  retry?: MlflowRetryConfig;
}

/**
 * How often and after which pauses a request is repeated. Pauses grow exponentially with full jitter. A `Retry-After` of
 * the server makes a pause longer. `timeoutMillis` limits everything together.
 */
export interface MlflowRetryConfig {
  /**
   * Attempts after the first; 0 for none. Environment: `MLFLOW_HTTP_REQUEST_MAX_RETRIES`. Default: no limit but
   * `timeoutMillis`.
   */
  maxRetries?: number;
  /** Upper limit of the first pause, in milliseconds. Default: 500. */
  initialBackoffMillis?: number;
  /** Upper limit of every pause, in milliseconds. Default: 5000. */
  maxBackoffMillis?: number;
}
