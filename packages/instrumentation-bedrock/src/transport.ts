/** Sees the HTTP exchange beneath a call: where it goes, and the response headers that the SDK does not pass on. */

import { type Context, context, createContextKey } from '@opentelemetry/api';
import type { TracedCall } from './call.js';
import type { ServerEndpoint } from './exchange.js';
import { lastHolder, replaceMethod } from './patch.js';
import type { Handler, MiddlewareStack, ResolvableStack, SdkClient, SdkCommand } from './sdk.js';

/** Where a `send` came from. */
export interface SendOrigin {
  /** The replaced `send` that was called: there are two where somebody wrapped the first and it was replaced again. */
  readonly wrapper: object;
  readonly client: SdkClient;
  readonly command: SdkCommand;
}

/** A `send` that is being traced. It outlives its call in the contexts of what the call has left behind. */
interface TracedSend {
  readonly wrapper: object;
  // Cleared when the SDK has answered: an HTTP/2 session made meanwhile holds this for as long as it lives.
  target: { readonly client: SdkClient; readonly command: SdkCommand; readonly call: TracedCall } | undefined;
}

const NAME = 'opentelemetry-instrumentation-bedrock.traced-send.1';
// All are registered, so that all builds and versions of this package in a process share them.
const KEY = createContextKey(NAME);
const STATE = Symbol.for(NAME);
const WATCHED = Symbol.for('opentelemetry-instrumentation-bedrock.watched-command.1');

interface State {
  /** Set while a `send` runs, for where nobody manages the context or somebody replaces it. */
  running: TracedSend | undefined;
}

const holder = globalThis as { [STATE]?: State };
holder[STATE] ??= { running: undefined };
const state = holder[STATE];

/** The traced `send` beneath which a command is being sent. */
function tracedSendOf(command: SdkCommand): TracedSend | undefined {
  const active = context.active().getValue(KEY) as TracedSend | undefined;
  if (active?.target?.command === command) return active;
  const { running } = state;
  return running?.target?.command === command ? running : undefined;
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
  const traced = tracedSendOf(command);
  return traced !== undefined && traced.wrapper !== wrapper;
}

/** The transport beneath one `send`. Command and client stay as the application configured them. */
export class WatchedTransport {
  readonly #traced: TracedSend;

  constructor({ wrapper, client, command }: SendOrigin, call: TracedCall) {
    this.#traced = { wrapper, target: { client, command, call } };
    try {
      watchClassOf(command);
    } catch {
      // No command, or one of another make: the call goes on, and its span lacks the server and the headers' tokens.
    }
  }

  /** Runs the SDK's `send`, which gives the command its handler before it returns. */
  run<Result>(active: Context, send: () => Result): Result {
    const { running } = state;
    state.running = this.#traced;
    try {
      return context.with(active.setValue(KEY, this.#traced), send);
    } finally {
      state.running = running;
    }
  }

  /** The SDK has answered. */
  end(): void {
    this.#traced.target = undefined;
  }
}

type ResolveMiddleware = {
  (this: SdkCommand, clientStack: MiddlewareStack, ...rest: unknown[]): unknown;
  readonly [WATCHED]?: true;
};

/**
 * The SDK makes the handler of each send anew: the command joins the client's stack of middleware with its own and
 * resolves that. There the innermost handler is replaced, by the command's class, which is changed once. Middleware
 * would do as well, but the SDK copies and sorts all of it for each call.
 *
 * @throws where the class cannot be changed.
 */
function watchClassOf(command: SdkCommand): void {
  const known = command.resolveMiddleware as ResolveMiddleware | undefined;
  if (known?.[WATCHED]) return;
  const found = lastHolder<{ resolveMiddleware: ResolveMiddleware }>(
    Object.getPrototypeOf(command),
    'resolveMiddleware',
  );
  if (!found || found.resolveMiddleware[WATCHED]) return;
  const { resolveMiddleware } = found;
  const resolveWatched: ResolveMiddleware = function (clientStack, ...rest) {
    const traced = tracedSendOf(this);
    return resolveMiddleware.call(this, traced ? watchedStack(clientStack, traced) : clientStack, ...rest);
  };
  replaceMethod(found, 'resolveMiddleware', resolveWatched, { [WATCHED]: true });
}

/** The client's stack, but for the handler of what it and a command's make together. */
function watchedStack(clientStack: MiddlewareStack, traced: TracedSend): MiddlewareStack {
  const concat = (from: unknown): ResolvableStack => {
    const stack = clientStack.concat(from);
    try {
      const { resolve } = stack;
      stack.resolve = (handler, handlerContext) => resolve.call(stack, watch(handler, traced), handlerContext);
    } catch {
      // As where the class cannot be changed.
    }
    return stack;
  };
  return { __proto__: clientStack, concat } as MiddlewareStack;
}

/**
 * Watches one send, next to the request handler, beneath the SDK's retries and all middleware; passes everything on
 * untouched. It asks the context first: a handler that the SDK cached (`cacheMiddleware`) is that of an earlier send.
 * Without a context manager, or where somebody replaced the context, it is the one that it was made for.
 */
function watch(handler: Handler, own: TracedSend): Handler {
  return (args) => {
    const active = context.active().getValue(KEY) as TracedSend | undefined;
    const target = active?.target ?? own.target;
    if (!target) return handler(args);
    const { client, call } = target;
    const endpoint = call.sending(args.request);
    if (endpoint) endpoints.set(client, endpoint);
    return Promise.resolve(handler(args)).then((result) => {
      call.received(result);
      return result;
    });
  };
}
