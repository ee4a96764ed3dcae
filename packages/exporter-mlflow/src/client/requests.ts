import { MlflowError } from '../common/error.js';
import { runningTime } from '../common/running-time.js';
import { createHttpClient, type HttpClient } from '../http/client.js';
import { resolveConnection } from '../http/connection.js';
import type { MlflowConnectionConfig } from '../http/settings/config.js';
import { Rest, type RestResult } from '../mlflow/rest.js';
import { explainCatalogTrace } from '../mlflow/unity-catalog.js';

/** How the client's methods reach the server. */
export class ClientRequests {
  readonly #http: HttpClient;
  readonly #timeoutMillis: number;

  /** @throws MlflowError if a setting cannot work */
  constructor(config: MlflowConnectionConfig) {
    const connection = resolveConnection(config);
    this.#http = createHttpClient(connection);
    this.#timeoutMillis = connection.timeoutMillis;
  }

  /** Address of the server without credentials. */
  get url(): string {
    return this.#http.url;
  }

  /**
   * Runs `work` within `timeoutMillis` of the connection, and returns its value.
   *
   * @param traceIds the traces that the work is about. Default: none.
   * @throws MlflowError if the work failed, or if a trace is in Unity Catalog
   */
  async run<T>(work: (rest: Rest) => Promise<RestResult<T>>, traceIds: readonly string[] = []): Promise<T> {
    const [reason] = traceIds.flatMap((traceId) => explainCatalogTrace(traceId) ?? []);
    if (reason !== undefined) throw new MlflowError(reason);
    const result = await work(new Rest(this.#http, { deadline: runningTime() + this.#timeoutMillis }));
    if (result.kind === 'success') return result.value;
    throw new MlflowError(result.reason, { status: result.status, errorCode: result.errorCode });
  }

  /** Ends requests under way and closes connections. */
  close(): void {
    this.#http.close();
  }
}

/** Whether a method failed with this error code of MLflow. */
export function hasCode(error: unknown, errorCode: string): error is MlflowError {
  return error instanceof MlflowError && error.errorCode === errorCode;
}
