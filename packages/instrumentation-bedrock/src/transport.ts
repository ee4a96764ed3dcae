/** Sees the HTTP exchange beneath a call: where it goes, and the response headers that the SDK does not pass on. */

import { type Context, context, createContextKey } from '@opentelemetry/api';
import type { TracedCall } from './call.js';
import type { ServerEndpoint } from './exchange.js';
import type { Handler, MiddlewareStack, ResolvableStack, SdkClient, SdkCommand } from './sdk.js';

/**
 * A `send` that is being traced. It outlives its call in the contexts of what the call has left behind. A class, because
 * V8 lets literals that live long keep what they no longer refer to (bench/README.md).
 */
class TracedSend {
  readonly client: SdkClient;
  /** Cleared when the SDK has answered: an HTTP/2 session made meanwhile holds this context for as long as it lives. */
  call: TracedCall | undefined;

  constructor(client: SdkClient, call: TracedCall) {
    this.client = client;
    this.call = call;
  }
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
const holder = globalThis as { [COMMANDS]?: WeakMap<SdkCommand, TracedCommand> };
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
  const traced = commands.get(command);
  return traced !== undefined && traced.wrapper !== wrapper;
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
    if (!call) return handler(args);
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
  const traced = new TracedSend(origin.client, call);
  const command = add(traced, origin);
  const answered = (): void => {
    traced.call = undefined;
    command?.remove(traced);
  };
  try {
    return context.with(active.setValue(KEY, traced), () => send(answered));
  } catch (error) {
    answered();
    throw error;
  }
}

function add(traced: TracedSend, { wrapper, command }: SendOrigin): TracedCommand | undefined {
  try {
    const tracedCommand = commands.get(command) ?? new TracedCommand(command, wrapper);
    tracedCommand.sends.push(traced);
    return tracedCommand;
  } catch {
    return undefined; // No command, but anything that is no object: the SDK will say so.
  }
}

/**
 * The sends under way of one command, whose stack is changed for as long as there are any.
 *
 * The SDK makes the handler of each send anew: it applies the command's stack to a copy of the client's and resolves
 * that. There the innermost handler is replaced. A middleware on the command would do as well, but the SDK copies and
 * sorts all middleware for each call, and taking it off again costs as much.
 */
class TracedCommand {
  readonly wrapper: object;
  readonly sends: TracedSend[] = [];
  readonly #command: SdkCommand;
  readonly #restore: (() => void) | undefined = undefined;

  /** @throws TypeError when the command is no object. */
  constructor(command: SdkCommand, wrapper: object) {
    this.wrapper = wrapper;
    this.#command = command;
    commands.set(command, this);
    try {
      this.#restore = command.middlewareStack && watchResolves(command.middlewareStack, this.sends);
    } catch {
      // A stack of another make: the call goes on, and its span lacks the server and the headers' tokens.
    }
  }

  remove(send: TracedSend): void {
    this.sends.splice(this.sends.indexOf(send), 1);
    if (this.sends.length > 0) return;
    commands.delete(this.#command);
    this.#restore?.();
  }
}

/**
 * @param sends those under way, the latest last; of several at once the context tells which it is.
 * @returns undoes it.
 */
function watchResolves(stack: MiddlewareStack, sends: readonly TracedSend[]): () => void {
  const { applyToStack } = stack;
  const watchAndApply = (to: ResolvableStack): unknown => {
    try {
      const latest = sends.at(-1);
      if (latest) watchHandlerOf(to, latest);
    } catch {
      // As where the command's own stack cannot be changed.
    }
    return applyToStack.call(stack, to);
  };
  stack.applyToStack = watchAndApply;
  return () => {
    if (stack.applyToStack === watchAndApply) stack.applyToStack = applyToStack;
  };
}

function watchHandlerOf(stack: ResolvableStack, traced: TracedSend): void {
  const { resolve } = stack;
  stack.resolve = (handler, handlerContext) => {
    stack.resolve = resolve;
    return resolve.call(stack, watch(handler, traced), handlerContext);
  };
}
