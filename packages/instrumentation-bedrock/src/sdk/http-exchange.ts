/** Observes the HTTP exchange of each call through one middleware per client. */

import type { ServerEndpoint } from '../data/facts.js';
import type { HandlerContext, Middleware, MiddlewareOptions, SdkClient } from './client.js';
import { activeSend, type TracedSend, tracedSendOf } from './traced-sends.js';

/** The innermost position: next to the request handler, beneath the SDK's retries. */
const OPTIONS: MiddlewareOptions = {
  name: 'opentelemetry-instrumentation-bedrock',
  step: 'deserialize',
  priority: 'low',
  // A copied stack has the middleware already, and a second build of this package adds its own. Both do the same.
  override: true,
};

/** The stacks that have the middleware. */
const stacks = new WeakSet<object>();

const endpoints = new WeakMap<SdkClient, ServerEndpoint>();

/** The host of the client's latest request, for the attributes that a span has from its start. */
export function latestEndpoint(client: SdkClient): ServerEndpoint | undefined {
  return endpoints.get(client);
}

/**
 * Adds the middleware to a client, once for each stack that the client has. It stays there and passes calls on that are
 * not traced.
 *
 * @throws if the application's stack refuses it.
 */
export function observeExchanges(client: SdkClient): void {
  const stack = client.middlewareStack;
  if (!stack || stacks.has(stack)) return;
  stacks.add(stack);
  stack.add(middlewareOf(client), OPTIONS);
}

function middlewareOf(client: SdkClient): Middleware {
  return (next, handlerContext) => {
    const findSend = sendFinder(client, handlerContext);
    if (!findSend) return next;
    return async (args) => {
      const { call, client: sender } = findSend() ?? {};
      if (!call || !sender) return next(args);
      const endpoint = call.sending(args.request);
      if (endpoint) endpoints.set(sender, endpoint);
      const result = await next(args);
      call.received(result);
      return result;
    };
  };
}

/**
 * A handler belongs to the command in its context, and is made inside the `send` of that command. But a client with
 * `cacheMiddleware` uses the handler again for other commands; then only the OpenTelemetry context names the call.
 */
function sendFinder(client: SdkClient, context: HandlerContext): (() => TracedSend | undefined) | undefined {
  if (client.config?.cacheMiddleware === true) {
    return () => {
      const active = activeSend();
      return active?.client === client ? active : undefined;
    };
  }
  const traced = tracedSendOf(context?.__smithy_context?.commandInstance);
  return traced && (() => traced);
}
