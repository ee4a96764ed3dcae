/** Sees the HTTP exchange beneath a call: where it goes, and the response headers that the SDK does not pass on. */

import { type Context, context, createContextKey } from '@opentelemetry/api';
import type { TracedCall } from './call.js';
import type { ServerEndpoint } from './exchange.js';
import type { Handler, MiddlewareStack, ResolvableStack, SdkClient, SdkCommand } from './sdk.js';

/** A `send` that is being traced. It outlives its call in the contexts of what the call has left behind. */
interface TracedSend {
  // Both are cleared when the SDK has answered: an HTTP/2 session made meanwhile holds this for as long as it lives.
  client: SdkClient | undefined;
  call: TracedCall | undefined;
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
 * Watches one send, next to the request handler, beneath the SDK's retries and all middleware; passes everything on
 * untouched. It asks the context first: a handler that the SDK cached (`cacheMiddleware`) is that of an earlier send.
 * Without a context manager, or where somebody replaced the context, it is the one that it was made for.
 */
function watch(handler: Handler, own: TracedSend): Handler {
  return (args) => {
    const active = context.active().getValue(KEY) as TracedSend | undefined;
    const { client, call } = active?.call ? active : own;
    if (!client || !call) return handler(args);
    const endpoint = call.sending(args.request);
    if (endpoint) endpoints.set(client, endpoint);
    return Promise.resolve(handler(args)).then((result) => {
      call.received(result);
      return result;
    });
  };
}

/**
 * Runs `send` so that the transport beneath it is seen. Command and client stay as the application configured them.
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
  const traced: TracedSend = { client: origin.client, call };
  let restore: (() => void) | undefined;
  try {
    commands.set(command, origin);
    restore = command.middlewareStack && watchResolves(command.middlewareStack, traced);
  } catch {
    // No command, or a stack of another make: the call goes on, and its span lacks the server and the headers' tokens.
  }
  const answered = (): void => {
    traced.client = undefined;
    traced.call = undefined;
    // Not that of another send of the same command.
    if (commands.get(command) === origin) commands.delete(command);
    restore?.();
  };
  try {
    return context.with(active.setValue(KEY, traced), () => send(answered));
  } catch (error) {
    answered();
    throw error;
  }
}

/** The sends under way of a command, by its stack, which is changed for as long as there are any. */
interface WatchedStack {
  readonly sends: TracedSend[];
  restore(): void;
}

const watchedStacks = new WeakMap<MiddlewareStack, WatchedStack>();

/**
 * The SDK makes the handler of each send anew: it applies the command's stack to a copy of the client's and resolves
 * that. There the innermost handler is replaced. A middleware on the command would do as well, but the SDK copies and
 * sorts all middleware for each call, and taking it off again costs as much.
 *
 * @returns ends it for this send.
 * @throws where the stack cannot be changed.
 */
function watchResolves(stack: MiddlewareStack, traced: TracedSend): () => void {
  const watched = watchedStacks.get(stack) ?? watchStack(stack);
  const { sends } = watched;
  sends.push(traced);
  return () => {
    const at = sends.indexOf(traced);
    if (at < 0) return; // A wrapper may call back twice.
    sends.splice(at, 1);
    if (sends.length === 0) watched.restore();
  };
}

function watchStack(stack: MiddlewareStack): WatchedStack {
  const { applyToStack } = stack;
  const sends: TracedSend[] = [];
  const watchAndApply = (to: ResolvableStack): unknown => {
    try {
      // Of several at once the context tells which it is.
      const latest = sends.at(-1);
      if (latest) watchHandlerOf(to, latest);
    } catch {
      // As where the command's own stack cannot be changed.
    }
    return applyToStack.call(stack, to);
  };
  stack.applyToStack = watchAndApply;
  const watched = {
    sends,
    restore() {
      watchedStacks.delete(stack);
      if (stack.applyToStack === watchAndApply) stack.applyToStack = applyToStack;
    },
  };
  watchedStacks.set(stack, watched);
  return watched;
}

function watchHandlerOf(stack: ResolvableStack, traced: TracedSend): void {
  const { resolve } = stack;
  stack.resolve = (handler, handlerContext) => {
    stack.resolve = resolve;
    return resolve.call(stack, watch(handler, traced), handlerContext);
  };
}
