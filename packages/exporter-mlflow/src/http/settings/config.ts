import type { MlflowAwsCredentialsOption } from './aws-credentials.js';

/** A value, or a function that returns the value and is called before every request. */
export type Provided<T> = T | (() => T | Promise<T>);

/**
 * How to reach an MLflow tracking server. Exporter and client share these options. An option in code wins over its
 * environment variable. An empty variable counts as unset.
 */
export interface MlflowConnectionConfig {
  /**
   * Address of the server: `http:` or `https:`, with a path if the server is below one; the ARN of a tracking server or an
   * app of SageMaker; or `databricks` or `databricks://<profile>`. Environment: `MLFLOW_TRACKING_URI`.
   *
   * @remarks With an ARN, `username`, `password` and `token` have no effect. With `databricks`, host and credentials are
   * those of Databricks' own tools.
   *
   * @defaultValue `http://localhost:5000`
   */
  trackingUri?: string;
  /**
   * Headers for every request: an object, or a function that returns one.
   *
   * @remarks The exporter calls such a function as it calls that of `token`. These headers win over the ones that other
   * options make. They do not win over the headers of a single request, such as `content-type` and
   * `x-mlflow-experiment-id`. Headers about the connection, such as `keep-alive` and `content-length`, are ignored.
   *
   * @defaultValue none
   */
  headers?: Provided<Record<string, string>>;
  /**
   * User name for basic authentication, together with `password`. Environment: `MLFLOW_TRACKING_USERNAME`.
   *
   * @defaultValue none
   */
  username?: string;
  /**
   * Password for basic authentication. Environment: `MLFLOW_TRACKING_PASSWORD`.
   *
   * @defaultValue none
   */
  password?: string;
  /**
   * Token for bearer authentication, or a function that returns one. If both are set, user name and password win, as in
   * MLflow's own client. Environment: `MLFLOW_TRACKING_TOKEN`.
   *
   * @remarks The function is called before every request, so it should cache a token while that is valid. It is called
   * once more if the server refuses the token (401). If it fails or takes longer than 10 s, it is called again within
   * `timeoutMillis`. Its spans are not recorded.
   *
   * @defaultValue none
   */
  token?: Provided<string>;
  /**
   * Credentials of AWS for a tracking URI that is an ARN, and for traces in S3: an identity or a provider of the AWS SDK,
   * for example `fromSSO()` of `@aws-sdk/credential-providers`.
   *
   * @defaultValue what the AWS SDK finds (environment, profile, SSO, process, container, instance)
   */
  credentials?: MlflowAwsCredentialsOption;
  /**
   * Workspace, for servers with workspaces enabled. Environment: `MLFLOW_WORKSPACE`.
   *
   * @defaultValue none
   */
  workspace?: string;
  /**
   * Accepts any certificate. For experiments only. Environment: `MLFLOW_TRACKING_INSECURE_TLS`.
   *
   * @defaultValue `false`
   */
  insecureTls?: boolean;
  /**
   * PEM file with the authorities to trust. Environment: `MLFLOW_TRACKING_SERVER_CERT_PATH`.
   *
   * @defaultValue those of Node.js
   */
  serverCertPath?: string;
  /**
   * PEM file with the client certificate and its unencrypted key, in any order.
   * Environment: `MLFLOW_TRACKING_CLIENT_CERT_PATH`.
   *
   * @defaultValue none
   */
  clientCertPath?: string;
  /**
   * Time for one export or one client call including all retries, in milliseconds. Time in which the process was suspended
   * does not count.
   *
   * @remarks The default ends just before the export timeout of `BatchSpanProcessor`, 30 s.
   *
   * @defaultValue `29000`
   */
  timeoutMillis?: number;
  /**
   * Time for one attempt, in milliseconds. An attempt without an answer ends then, and the next one uses another
   * connection.
   *
   * @remarks The last attempt that fits gets all that is left of `timeoutMillis`, because a slow server still answers (a
   * locked SQLite takes 20 s).
   *
   * @defaultValue `10000`
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
   * Attempts after the first, within `timeoutMillis`; 0 for none. Environment: `MLFLOW_HTTP_REQUEST_MAX_RETRIES`.
   *
   * @defaultValue no limit
   */
  maxRetries?: number;
  /**
   * Upper limit of the first pause, in milliseconds. The next pauses double, with full jitter.
   *
   * @defaultValue `500`
   */
  initialBackoffMillis?: number;
  /**
   * Upper limit of every pause, in milliseconds. `Retry-After` of the server makes a pause longer.
   *
   * @remarks If such a pause ends after `timeoutMillis`, the exporter makes one last attempt shortly before that.
   *
   * @defaultValue `5000`
   */
  maxBackoffMillis?: number;
}
