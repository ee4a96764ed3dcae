/**
 * The parts of OpenAI's SDK in use, typed here: the SDK is no dependency of this package, and an application can load its
 * classes in several copies and versions.
 */

import { endpointOfUrl, isModelHost } from '../../data/bedrock-hosts.js';
import type { ServerEndpoint } from '../../data/facts.js';

export interface OpenAiClient {
  readonly baseURL?: unknown;
  /** Of the SDK's class for Bedrock, also without a value. */
  readonly bedrockTokenProvider?: unknown;
  /** What `openai/providers/bedrock` has configured. */
  readonly _provider?: { readonly name?: unknown };
  /** The client's options. */
  readonly _options?: { readonly defaultHeaders?: unknown };
}

/** What every method of the SDK passes to `makeRequest`. */
export interface RequestOptions {
  readonly method?: unknown;
  readonly path?: unknown;
  readonly body?: unknown;
  readonly headers?: unknown;
  readonly signal?: unknown;
  readonly stream?: unknown;
}

/** What `makeRequest` resolves to. */
export interface ResponseProps {
  readonly response: HttpResponse;
  readonly options: RequestOptions;
}

/** The `Response` of `fetch` or of `node-fetch`, which version 4 of the SDK uses. */
export interface HttpResponse {
  readonly status?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
}

/** Called for each attempt; the parameters after the first differ between versions of the SDK. */
export type MakeRequest = (this: object, options: unknown, retriesRemaining?: unknown, ...rest: unknown[]) => unknown;

const OPERATIONS: ReadonlyMap<unknown, string> = new Map([
  ['/chat/completions', 'chat.completions'],
  ['/completions', 'completions'],
  ['/responses', 'responses'],
  ['/embeddings', 'embeddings'],
]);

/** Returns the operation of a request, e.g. `chat.completions`; undefined if requests of its kind are not traced. */
export function operationName({ method, path }: RequestOptions): string | undefined {
  if (typeof method !== 'string' || method.toLowerCase() !== 'post' || typeof path !== 'string') return undefined;
  return OPERATIONS.get(path.split('?', 1)[0]);
}

/** Where a client sends its requests, found once for each base URL that it gets. */
interface KnownEndpoint {
  readonly baseURL: unknown;
  readonly hosts: readonly string[];
  /** Undefined if it is not Bedrock. */
  readonly endpoint: ServerEndpoint | undefined;
}

const endpoints = new WeakMap<object, KnownEndpoint>();

/**
 * Returns the host to which a client sends its requests; undefined if that is not Bedrock.
 *
 * @param hosts further hosts on which the application reaches Bedrock.
 */
export function bedrockEndpoint(client: OpenAiClient, hosts: readonly string[]): ServerEndpoint | undefined {
  const { baseURL } = client;
  const known = endpoints.get(client);
  if (known?.baseURL === baseURL && known?.hosts === hosts) return known.endpoint;
  const server = endpointOfUrl(baseURL);
  const isBedrock = server && (isClientForBedrock(client) || isModelHost(server, hosts));
  const endpoint = isBedrock ? server : undefined;
  endpoints.set(client, { baseURL, hosts, endpoint });
  return endpoint;
}

/** The SDK's own ways to Bedrock, which can have any base URL. */
function isClientForBedrock(client: OpenAiClient): boolean {
  return 'bedrockTokenProvider' in client || client._provider?.name === 'bedrock';
}
