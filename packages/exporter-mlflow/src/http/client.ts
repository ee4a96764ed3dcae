import type { Show, ShownText } from '../common/shown-text.js';
import type { ResolvedConnection } from './connection.js';
import { createRedactor } from './redact/redactor.js';
import { createRetryingTransport, type RetryingTransport } from './retry.js';
import { createHttpTransport } from './transport.js';

/** Sends requests to one server. */
export interface HttpClient extends RetryingTransport {
  /** Address of the server without credentials, for messages. */
  readonly url: ShownText;
  /** Makes foreign text fit for messages. It knows the credentials of this connection. */
  readonly show: Show;
}

/** Creates a client for the server of this connection. */
export function createHttpClient(connection: ResolvedConnection): HttpClient {
  const { url, secrets } = connection;
  const { show, learn } = createRedactor(secrets);
  const transport = createHttpTransport(connection, learn);
  return { url, show, ...createRetryingTransport(transport, { ...connection, show }) };
}
