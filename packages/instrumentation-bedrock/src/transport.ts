/** Sees the HTTP exchange beneath a call: where it goes, and the response headers that the SDK does not pass on. */

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
const COMMANDS = Symbol.for(NAME);
const holder = globalThis as { [COMMANDS]?: WeakMap<SdkCommand, SendOrigin> };
holder[COMMANDS] ??= new WeakMap();
/** The commands that are being sent and traced. */
const commands = holder[COMMANDS];

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
  const origin = commands.get(command);
  return origin !== undefined && origin.wrapper !== wrapper;
}

/**
 * Watches one send. It asks the context first: a handler that the SDK cached (`cacheMiddleware`) is that of an earlier
 * send. Without a context manager, or where somebody replaced the context, it is the one that it was made for.
 */
function watch(own: TracedSend): Middleware {
  return (next) => (args) => {
    const current = (context.active().getValue(KEY) as TracedSend | undefined)?.current ?? own.current;
    if (!current) return next(args);
    const endpoint = current.call.sending(args.request);
    if (endpoint) endpoints.set(current.origin.client, endpoint);
    return Promise.resolve(next(args)).then((result) => {
      current.call.received(result);
      return result;
    });
  };
}

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
  const traced: TracedSend = { current: { origin, call } };
  const middleware = watch(traced);
  addMiddleware(origin, middleware);
  const answered = (): void => {
    traced.current = undefined;
    // Not that of another send of the same command.
    if (commands.get(command) === origin) commands.delete(command);
    removeMiddleware(command, middleware);
  };
  try {
    return context.with(active.setValue(KEY, traced), () => send(answered));
  } catch (error) {
    answered();
    throw error;
  }
}

function addMiddleware(origin: SendOrigin, middleware: Middleware): void {
  try {
    commands.set(origin.command, origin);
    origin.command.middlewareStack?.add(middleware, {
      step: 'deserialize',
      priority: 'low',
      name: 'opentelemetryBedrockTransport',
      override: true,
    });
  } catch {
    // No command, or a stack that takes no middleware: the call goes on, and its span lacks the server and the headers' tokens.
  }
}

function removeMiddleware({ middlewareStack }: SdkCommand, middleware: Middleware): void {
  try {
    middlewareStack?.remove(middleware);
  } catch {
    // It took none, or gives none back: an idle middleware that stays changes no call.
  }
}
