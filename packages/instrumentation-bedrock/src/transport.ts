/** Sees the HTTP exchange beneath a call: where it went, and the response headers that the SDK does not pass on. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerEndpoint, TracedCall } from './call.js';
import { asNumber, asObject, asString } from './json.js';
import type { Middleware, SdkClient, SdkCommand } from './sdk.js';
import { readUsageHeaders } from './usage.js';

/** Which call the middleware runs for. Not the OpenTelemetry context, which needs a context manager to reach it. */
const currentCall = new AsyncLocalStorage<{ readonly call: TracedCall; readonly client: SdkClient }>();

/** Where the calls of a client went last, for the attributes that a span has from its start. */
const endpoints = new WeakMap<SdkClient, ServerEndpoint>();

export function lastEndpoint(client: SdkClient): ServerEndpoint | undefined {
  return endpoints.get(client);
}

const middleware: Middleware = (next) => async (args) => {
  const result = await next(args);
  const current = currentCall.getStore();
  if (current) {
    const endpoint = readEndpoint(args.request);
    if (endpoint) endpoints.set(current.client, endpoint);
    const headers = asObject(asObject(result.response)?.['headers']);
    current.call.setTransportFacts(endpoint, headers && readUsageHeaders(headers as Record<string, string>));
  }
  return result;
};

/**
 * Runs `send` so that the transport beneath it is seen. The middleware goes on the command and not on the client, so
 * clients stay as the application configured them; low priority puts it next to the request handler, beneath the
 * SDK's retries, and it passes everything on untouched.
 */
export function withTransport<Result>(
  client: SdkClient,
  command: SdkCommand,
  call: TracedCall,
  send: () => Result,
): Result {
  command.middlewareStack?.add(middleware, {
    step: 'deserialize',
    priority: 'low',
    name: 'opentelemetryBedrockTransport',
    override: true,
  });
  return currentCall.run({ call, client }, send);
}

function readEndpoint(request: unknown): ServerEndpoint | undefined {
  const raw = asObject(request);
  const address = asString(raw?.['hostname']);
  if (address === undefined) return undefined;
  const port = asNumber(raw?.['port']) ?? (raw?.['protocol'] === 'http:' ? 80 : 443);
  return { address, port };
}
