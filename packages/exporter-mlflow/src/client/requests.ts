import { performance } from 'node:perf_hooks';
import { MlflowError } from '../common/error.js';
import { createHttpClient } from '../http/client.js';
import { type MlflowConnectionConfig, resolveConnection } from '../http/connection.js';
import { createRest, type Rest, type RestResult } from '../mlflow/rest.js';

/** How the client's methods reach the server. */
export interface ClientRequests {
  /** Address of the server without credentials. */
  readonly url: string;
  /**
   * Does some work within one time limit, `timeoutMillis` of the connection, and returns its value.
   *
   * @throws MlflowError if the work failed
   */
  run<T>(work: (rest: Rest) => Promise<RestResult<T>>): Promise<T>;
  /** Ends requests under way and closes connections. */
  close(): void;
}

/** @throws MlflowError if a setting cannot work */
export function createClientRequests(config: MlflowConnectionConfig): ClientRequests {
  const connection = resolveConnection(config);
  const http = createHttpClient(connection);
  return {
    url: connection.url,
    async run(work) {
      const result = await work(createRest(http, { deadline: performance.now() + connection.timeoutMillis }));
      if (result.kind === 'success') return result.value;
      throw new MlflowError(result.reason, { status: result.status, errorCode: result.errorCode });
    },
    close: () => http.close(),
  };
}

/** Whether a method failed with this error code of MLflow. */
export function hasCode(error: unknown, errorCode: string): boolean {
  return error instanceof MlflowError && error.errorCode === errorCode;
}
