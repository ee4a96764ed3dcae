/** Sees the HTTP exchange beneath a call: where it goes, and the response headers that the SDK does not pass on. */

import { type Context, context, createContextKey } from '@opentelemetry/api';
import type { TracedCall } from '../call/call.js';
import type { ServerEndpoint } from '../call/exchange.js';
import { lastHolder, replaceMethod } from './patch.js';
import type { Handler, MiddlewareStack, ResolvableStack, SdkClient, SdkCommand } from './types.js';

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
  /** Absent when the SDK has answered: an HTTP/2 session made meanwhile holds this for as long as it lives. */
  transport: Transport | undefined;
}

interface Transport {
  /** See {@link identityOf}. */
  readonly command: object | undefined;
  /** The command's handler is made, or being made. */
  isWatched: boolean;
  /** The request handler gets a request, once for each attempt. */
  sending(request: unknown): void;
  /** The request handler has answered. */
  received(result: unknown): void;
}

/** How a send is found where nobody manages the context, or somebody replaced or lost it on the way to the SDK. */
interface State {
  /** The one that has not returned yet. */
  running: TracedSend | undefined;
  /**
   * By command, the latest of those that have not reached the SDK when they return, or that come through another
   * wrapper of this kind. Only these: a WeakMap that is told of each call costs as much as all else that is done here.
   */
  readonly passedOn: WeakMap<object, TracedSend>;
}

const NAME = 'opentelemetry-instrumentation-bedrock.traced-send.2';
// All are registered, so that all builds and versions of this package in a process share them.
const KEY = createContextKey(NAME);
const STATE = Symbol.for(NAME);
const WATCHED = Symbol.for('opentelemetry-instrumentation-bedrock.watched-middleware.1');
const holder = globalThis as { [STATE]?: State };
holder[STATE] ??= { running: undefined, passedOn: new WeakMap() };
const state = holder[STATE];

/** A copy of a command, or a proxy of one, has its very stack. */
function identityOf(command: SdkCommand | undefined): object | undefined {
  return command?.middlewareStack ?? command;
}

/** The traced `send` beneath which a command is being sent; of several at once the context tells which. */
function tracedSendOf(command: SdkCommand): TracedSend | undefined {
  const identity = identityOf(command);
  if (!identity) return undefined;
  const active = activeSend();
  if (active?.transport?.command === identity) return active;
  const { running, passedOn } = state;
  if (running?.transport?.command === identity) return running;
  const latest = passedOn.get(identity);
  return latest?.transport && latest;
}

function activeSend(): TracedSend | undefined {
  return context.active().getValue(KEY) as TracedSend | undefined;
}

/** Nothing is to be remembered of what is no object. */
function rememberPassedOn(traced: TracedSend): void {
  const command = traced.transport?.command;
  if (typeof command === 'object') state.passedOn.set(command, traced);
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
  if (!traced || traced.wrapper === wrapper) return false;
  rememberPassedOn(traced);
  return true;
}

/** Watches the transport beneath one `send`. Command and client stay as the application configured them. */
export class WatchedTransport implements Transport {
  readonly command: object | undefined;
  isWatched = false;
  readonly #client: SdkClient;
  readonly #call: TracedCall;
  readonly #traced: TracedSend;

  constructor({ wrapper, client, command }: SendOrigin, call: TracedCall) {
    this.command = identityOf(command);
    this.#client = client;
    this.#call = call;
    this.#traced = { wrapper, transport: this };
    try {
      watchClassOf(command);
    } catch {
      // No object, or a frozen class: the call goes on, and its span lacks the server and the headers' tokens.
    }
  }

  /** Runs the SDK's `send`. */
  run<Result>(active: Context, send: () => Result): Result {
    const { running } = state;
    state.running = this.#traced;
    try {
      return context.with(active.setValue(KEY, this.#traced), send);
    } finally {
      state.running = running;
      // The SDK itself makes a handler at once, where it has none in its cache.
      if (!this.isWatched) rememberPassedOn(this.#traced);
    }
  }

  sending(request: unknown): void {
    const endpoint = this.#call.sending(request);
    if (endpoint) endpoints.set(this.#client, endpoint);
  }

  received(result: unknown): void {
    this.#call.received(result);
  }

  /** The SDK has answered. */
  end(): void {
    this.#traced.transport = undefined;
  }
}

type WatchableStack = MiddlewareStack & { readonly [WATCHED]?: true };

type ResolveMiddleware = {
  (
    this: SdkCommand,
    clientStack: WatchableStack,
    config: { readonly cacheMiddleware?: unknown } | undefined,
    ...rest: unknown[]
  ): unknown;
  readonly [WATCHED]?: true;
};

/** The send whose handler is being made: the SDK makes it before it returns. */
let making: { readonly traced: TracedSend; readonly isCached: boolean } | undefined;

/** By the stack of a client: an object with a prototype of its own is dear to make for each call. */
const watchedStacks = new WeakMap<WatchableStack, WatchableStack>();

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
  const resolveWatched: ResolveMiddleware = function (clientStack, config, ...rest) {
    const traced = tracedSendOf(this);
    if (!traced) return resolveMiddleware.call(this, clientStack, config, ...rest);
    const before = making;
    making = { traced, isCached: config?.cacheMiddleware === true };
    try {
      return resolveMiddleware.call(this, watchedStackOf(clientStack), config, ...rest);
    } finally {
      making = before;
    }
  };
  replaceMethod(found, 'resolveMiddleware', resolveWatched, WATCHED, true);
}

/** The client's stack; joined with that of a command that is being sent, it watches the request handler. */
function watchedStackOf(clientStack: WatchableStack): WatchableStack {
  // There are two of ours where somebody wrapped the first.
  if (clientStack[WATCHED]) return clientStack;
  const known = watchedStacks.get(clientStack);
  if (known) return known;
  const concat = (from: unknown): ResolvableStack => {
    const stack = clientStack.concat(from);
    // What stands between may join them later: there the command's stack tells.
    const traced = making?.traced ?? tracedSendOf({ middlewareStack: from } as SdkCommand);
    return traced ? watchHandlerOf(stack, traced, making?.isCached === true) : stack;
  };
  const watched = { __proto__: clientStack, concat, [WATCHED]: true } as WatchableStack;
  watchedStacks.set(clientStack, watched);
  return watched;
}

function watchHandlerOf(stack: ResolvableStack, traced: TracedSend, isCached: boolean): ResolvableStack {
  try {
    const { resolve } = stack;
    stack.resolve = (handler, handlerContext) => resolve.call(stack, watch(handler, traced, isCached), handlerContext);
    if (traced.transport) traced.transport.isWatched = true;
  } catch {
    // The call goes on, as where the class is frozen.
  }
  return stack;
}

/**
 * Watches one send, next to the request handler, beneath the SDK's retries and all middleware; passes everything on
 * untouched.
 *
 * @param isCached the SDK keeps the handler (`cacheMiddleware`) for later sends: which one it is tells the context. Of
 *   other handlers it is not asked: middleware may wait for others, and go on in the context of another call.
 */
function watch(handler: Handler, own: TracedSend, isCached: boolean): Handler {
  return (args) => {
    const transport = (isCached ? activeSend()?.transport : undefined) ?? own.transport;
    if (!transport) return handler(args);
    transport.sending(args.request);
    return Promise.resolve(handler(args)).then((result) => {
      transport.received(result);
      return result;
    });
  };
}
