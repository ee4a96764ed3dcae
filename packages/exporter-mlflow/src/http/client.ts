import type { ResolvedConnection } from './connection.js';
import type { Failure } from './outcome.js';
import { createRetryingTransport, type RetryingTransport } from './retry.js';
import { createHttpTransport } from './transport.js';

/** Sends requests to one server. */
export interface HttpClient extends RetryingTransport {
  /** Address of the server without credentials, for messages. */
  readonly url: string;
}

/**
 * Creates a client for the server of this connection.
 *
 * @param options `onRetry`: called before each repetition. Default: none.
 */
export function createHttpClient(
  connection: ResolvedConnection,
  options: { onRetry?: (cause: Failure) => void } = {},
): HttpClient {
  return { url: connection.url, ...createRetryingTransport(createHttpTransport(connection), connection, options) };
}
