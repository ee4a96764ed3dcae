/** How the service behaves: endpoints of the simulator, and clients for them. */

import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import type { ReceivedRequest, SimulatedResponse } from 'bedrock-simulator';

interface Endpoint {
  /** Scenario of the simulator, with its parameters. */
  readonly path: string;
  /** Default: 1. */
  readonly maxAttempts?: number;
  /**
   * Milliseconds without activity after which the connection is given up. The SDK closes the connection of a stream
   * only when the stream is read to its end; where it is not, this keeps connections from piling up.
   */
  readonly requestTimeout?: number;
}

const GIVE_UP = { requestTimeout: 2000 };

export const ENDPOINTS = {
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
  reset: { path: 'reset;after=2', ...GIVE_UP },
  truncated: { path: 'truncated;after=2' },
  hang: { path: 'hang' },
  long: { path: 'stream;chunks=20', ...GIVE_UP },
  slow: { path: 'stream;chunks=50;interval=2', ...GIVE_UP },
} satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof ENDPOINTS;

const FIRST_ERRORS: Readonly<Record<string, SimulatedResponse>> = {
  throttling: { status: 429, headers: { 'x-amzn-errortype': 'ThrottlingException' }, body: { message: 'Slow down.' } },
  unavailable: { status: 503, headers: { 'x-amzn-errortype': 'ServiceUnavailableException' }, body: { message: '' } },
};

/** For the simulator: the first attempt of each call fails at the endpoints whose path says so. */
export function failFirstAttempt({ path, headers }: ReceivedRequest): SimulatedResponse | undefined {
  const name = /;first=(\w+)/.exec(path)?.[1];
  if (name === undefined || !headers['amz-sdk-request']?.startsWith('attempt=1')) return undefined;
  return FIRST_ERRORS[name];
}

/** A client that several calls use at once; destroyed when it is retired and the last of them is done. */
interface Shared {
  readonly client: BedrockRuntimeClient;
  users: number;
  /** Calls until it is retired. */
  left: number;
}

export interface Lease {
  readonly client: BedrockRuntimeClient;
  release(): void;
}

/** Clients are used for so many calls, then destroyed and made anew, as applications do that rotate credentials. */
const CALLS_PER_CLIENT = 200;

export class Clients {
  readonly #url: string;
  readonly #shared = new Map<EndpointName, Shared>();

  constructor(url: string) {
    this.#url = url;
  }

  create(name: EndpointName): BedrockRuntimeClient {
    const { path, maxAttempts = 1, requestTimeout }: Endpoint = ENDPOINTS[name];
    return new BedrockRuntimeClient({
      region: 'us-east-1',
      endpoint: `${this.#url}/scenario/${path}`,
      credentials: { accessKeyId: 'soak', secretAccessKey: 'soak' },
      maxAttempts,
      ...(requestTimeout === undefined ? {} : { requestHandler: { requestTimeout } }),
    });
  }

  lease(name: EndpointName): Lease {
    let shared = this.#shared.get(name);
    if (!shared) {
      shared = { client: this.create(name), users: 0, left: CALLS_PER_CLIENT };
      this.#shared.set(name, shared);
    }
    const leased = shared;
    leased.users++;
    leased.left--;
    if (leased.left === 0) this.#shared.delete(name);
    return {
      client: leased.client,
      release: () => {
        leased.users--;
        if (leased.left === 0 && leased.users === 0) leased.client.destroy();
      },
    };
  }

  /** When no call is under way. */
  destroy(): void {
    for (const { client } of this.#shared.values()) client.destroy();
    this.#shared.clear();
  }
}
