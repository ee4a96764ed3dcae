/** The endpoints of the simulator, and clients for them. */

import { connect, type Socket } from 'node:net';
import type { ReceivedRequest, SimulatedResponse } from 'bedrock-simulator';
import { CLIENTS, type ClientName } from './requests.js';

interface Endpoint {
  /** The scenario of the simulator, with its parameters. */
  readonly path: string;
  /** Default: 1. */
  readonly maxAttempts?: number;
  /** Milliseconds without activity until a connection is closed. Default: the SDK's, five minutes. */
  readonly sessionTimeout?: number;
}

const ENDPOINTS = {
  well: { path: 'chat' },
  'throttling once': { path: 'chat;first=throttling', maxAttempts: 3 },
  'unavailable once': { path: 'chat;first=unavailable', maxAttempts: 3 },
  throttling: { path: 'throttling' },
  'validation-error': { path: 'validation-error' },
  'access-denied': { path: 'access-denied' },
  'empty-body': { path: 'empty-body' },
  'not-json': { path: 'not-json' },
  'mid-stream-error': { path: 'mid-stream-error;after=2' },
  'error-frame': { path: 'error-frame;after=2' },
  reset: { path: 'reset;after=2' },
  truncated: { path: 'truncated;after=2' },
  hang: { path: 'hang' },
  long: { path: 'stream;chunks=20' },
  'left early': { path: 'stream;chunks=20', sessionTimeout: 2000 },
  'slow, left early': { path: 'stream;chunks=50;interval=2', sessionTimeout: 2000 },
} satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof ENDPOINTS;

const FIRST_ERRORS: Readonly<Record<string, SimulatedResponse>> = {
  throttling: { status: 429, headers: { 'x-amzn-errortype': 'ThrottlingException' }, body: { message: 'Slow down.' } },
  unavailable: { status: 503, headers: { 'x-amzn-errortype': 'ServiceUnavailableException' }, body: { message: '' } },
};

/** The simulator's answers: at endpoints with this path, the first attempt of each call fails. */
export function failFirstAttempt({ path, headers }: ReceivedRequest): SimulatedResponse | undefined {
  const name = /;first=(\w+)/.exec(path)?.[1];
  if (name === undefined || !headers['amz-sdk-request']?.startsWith('attempt=1')) return undefined;
  return FIRST_ERRORS[name];
}

/** What a soak uses of a client of any service. */
export interface AnyClient {
  readonly send: unknown;
  destroy(): void;
}

/** A client, and the connections that the SDK's `destroy()` leaves open. */
interface SoakClient {
  readonly client: AnyClient;
  close(): void;
}

/** A client that several calls share. It is closed after it is retired and the last call has ended. */
interface Shared extends SoakClient {
  users: number;
  /** The calls until it is retired. */
  left: number;
}

interface Lease {
  readonly client: AnyClient;
  release(): void;
}

/** Replaces each client after a number of calls, like an application that rotates credentials. */
const CALLS_PER_CLIENT = 200;

export class Clients {
  readonly #url: string;
  /** By endpoint and client. */
  readonly #shared = new Map<string, Shared>();

  constructor(url: string) {
    this.#url = url;
  }

  create(name: EndpointName, kind: ClientName): SoakClient {
    const { path, maxAttempts = 1, sessionTimeout }: Endpoint = ENDPOINTS[name];
    const { hostname, port } = new URL(this.#url);
    // The SDK gives every event stream its own connection and closes it only after the stream is read to its end. Other
    // connections would stay open until the server closes them, with or without instrumentation.
    const sockets = new Set<Socket>();
    const createConnection = (): Socket => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      sockets.add(socket);
      return socket.once('close', () => sockets.delete(socket));
    };
    const client = new CLIENTS[kind]({
      region: 'us-east-1',
      endpoint: `${this.#url}/scenario/${path}`,
      credentials: { accessKeyId: 'soak', secretAccessKey: 'soak' },
      maxAttempts,
      requestHandler: { nodeHttp2ConnectOptions: { createConnection }, ...(sessionTimeout ? { sessionTimeout } : {}) },
    });
    return {
      client,
      close() {
        client.destroy();
        for (const socket of sockets) socket.destroy();
      },
    };
  }

  lease(name: EndpointName, kind: ClientName): Lease {
    const key = `${kind} ${name}`;
    let shared = this.#shared.get(key);
    if (!shared) {
      shared = { ...this.create(name, kind), users: 0, left: CALLS_PER_CLIENT };
      this.#shared.set(key, shared);
    }
    const leased = shared;
    leased.users++;
    leased.left--;
    if (leased.left === 0) this.#shared.delete(key);
    return {
      client: leased.client,
      release: () => {
        leased.users--;
        if (leased.left === 0 && leased.users === 0) leased.close();
      },
    };
  }

  /** Closes all clients. No call may be running. */
  close(): void {
    for (const shared of this.#shared.values()) shared.close();
    this.#shared.clear();
  }
}
