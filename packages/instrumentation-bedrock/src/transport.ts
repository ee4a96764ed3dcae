/** Sees the HTTP exchange beneath a call: where it goes, and the response headers that the SDK does not pass on. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, context, createContextKey } from '@opentelemetry/api';
import type { TracedCall } from './call.js';
import type { ServerEndpoint } from './exchange.js';
import type { Middleware, SdkClient, SdkCommand } from './sdk.js';

/** A `send` that is being traced. */
interface TracedSend {
  /** Cleared when the SDK has answered: an HTTP/2 session made meanwhile holds this context for as long as it lives. */
  current: { readonly origin: SendOrigin; readonly call: TracedCall } | undefined;
}

/** Where a `send` came from. */
export interface SendOrigin {
  /** The replaced `send` that was called: there are two where somebody wrapped the first and it was replaced again. */
  readonly wrapper: object;
  readonly client: SdkClient;
  readonly command: SdkCommand;
}

const NAME = 'opentelemetry-instrumentation-bedrock.traced-send.1';
// Both are registered, so that all builds and versions of this package in a process share them.
const KEY = createContextKey(NAME);
const STORAGE = Symbol.for(NAME);
const holder = globalThis as { [STORAGE]?: AsyncLocalStorage<TracedSend> };
holder[STORAGE] ??= new AsyncLocalStorage<TracedSend>();
/** For applications without a context manager, which the OpenTelemetry context needs to reach the middleware. */
const withoutManager = holder[STORAGE];

function currentSend(): TracedSend['current'] {
  return ((context.active().getValue(KEY) as TracedSend | undefined) ?? withoutManager.getStore())?.current;
}

/** Where the calls of a client went last, for the attributes that a span has from its start. */
const endpoints = new WeakMap<SdkClient, ServerEndpoint>();

export function lastEndpoint(client: SdkClient): ServerEndpoint | undefined {
  return endpoints.get(client);
}

/**
 * True when another wrapper, above somebody else's that is above this one, traces this call already. Through the same
 * wrapper a command comes again only when it is sent again, from inside its own middleware: that is another call.
 */
export function isTracedAlready({ wrapper, command }: SendOrigin): boolean {
  const origin = currentSend()?.origin;
  return origin !== undefined && origin.command === command && origin.wrapper !== wrapper;
}

const middleware: Middleware = (next) => (args) => {
  const current = currentSend();
  if (!current) return next(args);
  const endpoint = current.call.sending(args.request);
  if (endpoint) endpoints.set(current.origin.client, endpoint);
  return Promise.resolve(next(args)).then((result) => {
    current.call.received(result);
    return result;
  });
};

/**
 * Runs `send` so that the transport beneath it is seen. The middleware goes on the command and not on the client, so
 * clients stay as the application configured them; low priority puts it next to the request handler, beneath the
 * SDK's retries, and it passes everything on untouched. It leaves the command again when the SDK has answered.
 *
 * @param active the context in which `send` runs.
 * @param send is given a function to call when the SDK has answered.
 */
export function withTransport<Result>(
  origin: SendOrigin,
  call: TracedCall,
  active: Context,
  send: (answered: () => void) => Result,
): Result {
  const { command } = origin;
  addMiddleware(command);
  const traced: TracedSend = { current: { origin, call } };
  const answered = (): void => {
    traced.current = undefined;
    removeMiddleware(command);
  };
  const inside = active.setValue(KEY, traced);
  const run = (): Result => send(answered);
  try {
    // A second storage that is in use costs every promise of the application: none where the context does it.
    return context.with(inside, () => (context.active() === inside ? run() : withoutManager.run(traced, run)));
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
