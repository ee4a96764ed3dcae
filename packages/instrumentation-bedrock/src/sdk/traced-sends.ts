/** Finds the traced `send` to which a command belongs: for the middleware, and for a second wrapper of `send`. */

import { type Context, context, createContextKey } from '@opentelemetry/api';
import type { TracedCall } from '../call/call.js';
import type { HandlerContext, SdkClient, SdkCommand } from './client.js';

/** A `send` while it is traced. Contexts can keep it for long (an HTTP/2 session does), so `end` clears it. */
export class TracedSend {
  /** The function in place of `send` that started the call. */
  readonly wrapper: object;
  /** The client that sends the command: the one beneath, if one client passes its commands to another. */
  client: SdkClient | undefined;
  command: object | undefined;
  call: TracedCall | undefined;

  constructor(parts: { wrapper: object; client: SdkClient; command: SdkCommand; call: TracedCall }) {
    this.wrapper = parts.wrapper;
    this.client = parts.client;
    this.command = identityOf(parts.command);
    this.call = parts.call;
    if (this.command) latest.set(this.command, this);
  }

  end(): void {
    this.client = undefined;
    this.command = undefined;
    this.call = undefined;
  }
}

const NAME = 'opentelemetry-instrumentation-bedrock.traced-send.3';
// Both are registered, so that all builds and versions of this package in a process find each other's calls.
const KEY = createContextKey(NAME);
const LATEST = Symbol.for(NAME);
const registry = globalThis as { [LATEST]?: WeakMap<object, TracedSend> };
registry[LATEST] ??= new WeakMap();
/** The latest send of each command, for code in another context than that of the call. */
const latest = registry[LATEST];

/** Copies and proxies of a command share its middleware stack, so the stack identifies the command. */
function identityOf(command: SdkCommand | undefined): object | undefined {
  const identity: unknown = command?.middlewareStack ?? command;
  return typeof identity === 'object' && identity !== null ? identity : undefined;
}

export function withTracedSend(active: Context, traced: TracedSend): Context {
  return active.setValue(KEY, traced);
}

/** The traced send in whose context the code runs. */
function activeSend(): TracedSend | undefined {
  return context.active().getValue(KEY) as TracedSend | undefined;
}

/** The traced send of a command that is being sent. If the command is sent twice at once, the context decides. */
export function tracedSendOf(command: SdkCommand | undefined): TracedSend | undefined {
  const identity = identityOf(command);
  if (!identity) return undefined;
  const active = activeSend();
  return active?.command === identity ? active : latest.get(identity);
}

/**
 * Returns a function that finds the send to which a handler belongs; undefined if the handler is of no traced send.
 *
 * A handler belongs to the command in its context, and is made inside the `send` of that command. But a client with
 * `cacheMiddleware` uses the handler again for other commands; then only the OpenTelemetry context names the call.
 */
export function sendFinder(client: SdkClient, context: HandlerContext): (() => TracedSend | undefined) | undefined {
  if (client.config?.cacheMiddleware === true) {
    return () => {
      const active = activeSend();
      return active?.client === client ? active : undefined;
    };
  }
  const traced = tracedSendOf(context?.__smithy_context?.commandInstance);
  return traced && (() => traced);
}
