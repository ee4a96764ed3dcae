/** Observes the HTTP exchange of each call, and adds the trace context to it, through one middleware per client. */

import type { TracedCall } from '../call/call.js';
import type { ServerEndpoint } from '../data/facts.js';
import type { Middleware, SdkClient } from './client.js';
import { middlewareAdder } from './middleware.js';
import { sendFinder } from './traced-sends.js';

const endpoints = new WeakMap<SdkClient, ServerEndpoint>();

/** The host of the client's latest request, for the attributes that a span has from its start. */
export function latestEndpoint(client: SdkClient): ServerEndpoint | undefined {
  return endpoints.get(client);
}

/**
 * Adds the middleware to a client, next to the request handler and beneath the SDK's retries.
 *
 * @throws if the application's stack refuses it.
 */
export const observeExchanges: (client: SdkClient) => void = middlewareAdder(
  { name: 'opentelemetry-instrumentation-bedrock', step: 'deserialize' },
  middlewareOf,
);

function middlewareOf(client: SdkClient): Middleware {
  return (next, handlerContext) => {
    const findSend = sendFinder(client, handlerContext);
    if (!findSend) return next;
    return async (args) => {
      const { call, client: sender } = findSend() ?? {};
      if (!call || !sender) return next(args);
      const endpoint = call.sending(args.request);
      if (endpoint) endpoints.set(sender, endpoint);
      // Absent in older versions of this package, whose calls this middleware can find, too.
      const { traceHeaders } = (call as Partial<TracedCall>).operation ?? {};
      const result = await next(traceHeaders ? { ...args, request: call.requestToSend(args.request) } : args);
      call.received(result);
      return result;
    };
  };
}
