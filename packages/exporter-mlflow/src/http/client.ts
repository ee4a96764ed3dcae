import { MlflowError } from '../common/error.js';
import type { Show, ShownText } from '../common/shown-text.js';
import type { AwsAccess } from './aws/access.js';
import { connectionBeside, type ResolvedConnection } from './connection.js';
import type { Authorizer } from './exchange/authorizer.js';
import type { Explain, Failure } from './exchange/outcome.js';
import { type PublicFile, readPublicFile } from './public-file.js';
import { createRedactor, type Redactor } from './redact/redactor.js';
import { createRetryingTransport, type RetryingTransport } from './retry.js';
import type { TrackingService } from './tracking-uri/destination.js';
import { createHttpTransport } from './transport.js';

/** Sends requests to one server. */
export interface HttpClient extends RetryingTransport {
  /** Address of the server without credentials, for messages. */
  readonly url: ShownText;
  /** The operator of the tracking server. */
  readonly service: TrackingService;
  /** Signs requests to AWS with the credentials of this connection. */
  readonly aws: AwsAccess;
  /** Makes foreign text fit for messages. It knows the credentials of this connection. */
  readonly show: Show;
  /**
   * Returns the client for a server that keeps files for the tracking server. It gets none of the tracking server's
   * credentials, and ends with this client. Fails if the settings of a proxy cannot work.
   */
  beside(server: FileServer): HttpClient | Failure;
  /**
   * Reads a public file: see {@link readPublicFile}. It gets none of the tracking server's credentials, and ends with this
   * client. Never throws.
   *
   * @param maxBytes a longer file is not read
   */
  readPublicFile(address: URL, deadline: number, maxBytes: number): Promise<PublicFile>;
}

/** A server that keeps files for the tracking server. */
export interface FileServer {
  /** For example `https://bucket.s3.us-east-1.amazonaws.com`. */
  readonly origin: string;
  /** Tells servers apart that have the same origin. Default: none. */
  readonly variant?: string;
  /** What messages call it, for example `S3`. Default: `MLflow`. */
  readonly name?: ShownText;
  /** Default: none. */
  readonly authorizer?: Authorizer;
  /** Default: answers are read like those of MLflow. */
  readonly explain?: Explain;
}

/** Creates a client for the server of this connection. */
export function createHttpClient(connection: ResolvedConnection): HttpClient {
  return createClient(connection, createRedactor(connection.secrets));
}

function createClient(connection: ResolvedConnection, { show, learn }: Redactor): HttpClient {
  const { url, service, aws } = connection;
  const transport = createRetryingTransport(createHttpTransport(connection, learn), { ...connection, show });
  const others = new Map<string, HttpClient>();
  let ending = new AbortController();
  return {
    url,
    service,
    aws,
    show,
    send: transport.send,
    beside({ origin, variant = '', name, authorizer, explain }) {
      const key = `${origin} ${variant}`;
      const known = others.get(key);
      if (known !== undefined) return known;
      let beside: ResolvedConnection;
      try {
        beside = connectionBeside(connection, new URL(origin));
      } catch (error) {
        if (error instanceof MlflowError) return { kind: 'configuration', reason: show(error.message) };
        throw error;
      }
      const other = createClient(
        {
          ...beside,
          authorizers: authorizer === undefined ? [] : [authorizer],
          ...(name === undefined ? {} : { name }),
          ...(explain === undefined ? {} : { explain }),
        },
        { show, learn },
      );
      others.set(key, other);
      return other;
    },
    readPublicFile: (address, deadline, maxBytes) =>
      readPublicFile(address, { deadline, signal: ending.signal }, { connection, maxBytes, show, learn }),
    close() {
      ending.abort();
      ending = new AbortController();
      transport.close();
      for (const other of others.values()) other.close();
      others.clear();
    },
  };
}
