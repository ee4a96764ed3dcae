/** Sees the HTTP exchange beneath a call: where it goes, and the response headers that the SDK does not pass on. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { TracedCall } from './call.js';
import type { ServerEndpoint } from './exchange.js';
import type { Middleware, SdkClient, SdkCommand } from './sdk.js';

/** A `send` that is being traced. */
interface TracedSend {
  /** Cleared when the SDK has answered: an HTTP/2 session made meanwhile holds this context for as long as it lives. */
  current: { readonly client: SdkClient; readonly command: SdkCommand; readonly call: TracedCall } | undefined;
  /** A second wrapper around the same `send` has seen it. */
  isSeen: boolean;
}

// Registered, so that all builds and versions of this package in a process share it.
const STORAGE = Symbol.for('opentelemetry-instrumentation-bedrock.traced-send.1');
const holder = globalThis as { [STORAGE]?: AsyncLocalStorage<TracedSend> };
/** Not the OpenTelemetry context, which needs a context manager to reach the middleware. */
holder[STORAGE] ??= new AsyncLocalStorage<TracedSend>();
const tracedSend = holder[STORAGE];

/** Where the calls of a client went last, for the attributes that a span has from its start. */
const endpoints = new WeakMap<SdkClient, ServerEndpoint>();

export function lastEndpoint(client: SdkClient): ServerEndpoint | undefined {
  return endpoints.get(client);
}

/**
 * True when `send` was wrapped twice, with somebody else's wrapper in between, and the outer one traces this call
 * already. Only once for each call: a command that is sent again from inside its own middleware is another call.
 */
export function isTracedAlready(command: SdkCommand): boolean {
  const send = tracedSend.getStore();
  if (!send || send.isSeen || send.current?.command !== command) return false;
  send.isSeen = true;
  return true;
}

const middleware: Middleware = (next) => async (args) => {
  const current = tracedSend.getStore()?.current;
  if (!current) return next(args);
  const endpoint = current.call.sending(args.request);
  if (endpoint) endpoints.set(current.client, endpoint);
  const result = await next(args);
  current.call.received(result);
  return result;
};

/**
 * Runs `send` so that the transport beneath it is seen. The middleware goes on the command and not on the client, so
 * clients stay as the application configured them; low priority puts it next to the request handler, beneath the
 * SDK's retries, and it passes everything on untouched. It leaves the command again when the SDK has answered.
 *
 * @param send is given a function to call when the SDK has answered.
 */
export function withTransport<Result>(
  client: SdkClient,
  command: SdkCommand,
  call: TracedCall,
  send: (answered: () => void) => Result,
): Result {
  addMiddleware(command);
  const traced: TracedSend = { current: { client, command, call }, isSeen: false };
  const answered = (): void => {
    traced.current = undefined;
    removeMiddleware(command);
  };
  try {
    return tracedSend.run(traced, () => send(answered));
  } catch (error) {
    answered();
    throw error;
  }
}

function addMiddleware({ middlewareStack }: SdkCommand): void {
  try {
    middlewareStack?.add(middleware, {
      step: 'deserialize',
      priority: 'low',
      name: 'opentelemetryBedrockTransport',
      override: true,
    });
  } catch {
    // A stack that takes no middleware: the call goes on, and its span lacks the server and the headers' tokens.
  }
}

function removeMiddleware({ middlewareStack }: SdkCommand): void {
  try {
    middlewareStack?.remove(middleware);
  } catch {
    // It took none, or gives none back: an idle middleware that stays changes no call.
  }
}
