/** One request of OpenAI's SDK, over all its attempts: starts the call, runs the SDK, and reports the answer to the call. */

import { type Context, context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { TracedCall } from '../../call/call.js';
import type { CallEnvironment } from '../../call/environment.js';
import type { ServerEndpoint } from '../../data/facts.js';
import { asMembers, type JsonObject } from '../../data/json.js';
import type { RequestArguments } from '../patch.js';
import type { OpenStreams } from '../stream.js';
import { type OpenAiClient, operationName, type RequestOptions, type ResponseProps } from './client.js';
import { errorNames } from './errors.js';
import { plainHeaders } from './headers.js';
import { eventObserver, observeJson } from './response.js';
import { rememberRequest, retriedCall, type TracedRequest, withTracedRequest } from './traced-requests.js';

interface RequestEnvironment extends CallEnvironment {
  readonly streams: OpenStreams;
}

/** Under which operations know the calls of OpenAI's SDK. It is no AWS service. */
const SERVICE_ID = 'OpenAI';

/**
 * Returns undefined if the request is not traced; then the caller runs the original.
 *
 * @param server the host of the client.
 */
export function traceRequest(
  environment: RequestEnvironment,
  { original, client, args }: RequestArguments,
  server: ServerEndpoint,
): { readonly result: unknown } | undefined {
  const [options, retriesRemaining] = args;
  const send = (): unknown => original.apply(client, args);
  const retried = retriedCall(client, options, retriesRemaining);
  if (retried) {
    retried.sending(httpRequest(client, options as RequestOptions, server));
    return undefined;
  }
  const caller = context.active();
  if (isTracingSuppressed(caller)) return undefined;
  return { result: sendTraced(environment, { client, options, send, server, caller }) };
}

interface Request {
  readonly client: OpenAiClient;
  /** The options, or a promise of them. */
  readonly options: unknown;
  readonly send: () => unknown;
  readonly server: ServerEndpoint;
  readonly caller: Context;
}

async function sendTraced(environment: RequestEnvironment, request: Request): Promise<unknown> {
  const { client, send, server } = request;
  // If the promise rejects, the SDK rejects with the same error.
  const options = (await request.options) as RequestOptions;
  const call = startCall(environment, request, options);
  if (!call) return send();
  // The span is not recorded, but it is still the parent of the spans beneath.
  if (!call.isObserved) return context.with(call.context, send);

  const traced: TracedRequest = { client, call };
  rememberRequest(options, traced);
  call.sending(httpRequest(client, options, server));
  try {
    const answer = await context.with(withTracedRequest(call.context, traced), send);
    observeAnswer(environment, call, answer);
    return answer;
  } catch (error) {
    receiveError(call, error);
    call.failed(error);
    throw error;
  } finally {
    traced.call = undefined;
  }
}

/** Returns undefined if nothing is traced. Errors are reported; the application's call goes on. */
function startCall(
  environment: RequestEnvironment,
  { server, caller }: Request,
  options: RequestOptions,
): TracedCall | undefined {
  try {
    const operation = operationName(options);
    if (operation === undefined) return undefined;
    return new TracedCall(environment, {
      serviceId: SERVICE_ID,
      operation,
      input: options.body,
      server,
      parent: caller,
      signal: options.signal,
      errorNames,
      observeInput: (events) => events,
    });
  } catch (error) {
    environment.report('starting the span of a call failed; the call is not traced', error);
    return undefined;
  }
}

/** @param answer what `makeRequest` resolved to. */
function observeAnswer({ report, streams }: RequestEnvironment, call: TracedCall, answer: unknown): void {
  try {
    const { response, options } = answer as ResponseProps;
    const { status, headers: received, body } = response;
    const headers = plainHeaders(received);
    call.received({ response: { statusCode: status, headers } });
    // The SDK reads an answer as a stream if the request asks for one, whatever its type is.
    if (options.stream) {
      const output = body ? { stream: body } : undefined;
      call.answered(output, (stream) => streams.observe(stream, eventObserver(call)));
    } else if (isJson(headers)) {
      observeJson(response, call, streams);
    } else {
      call.answered(undefined, () => false);
    }
  } catch (error) {
    report('reading an answer failed; its span may lack the answer', error);
    call.onAbandon();
  }
}

function isJson(headers: JsonObject): boolean {
  return /^\s*(?:application\/json|[^;]*\+json)\s*(?:;|$)/i.test(String(headers['content-type']));
}

/** The SDK's errors have the status and the headers of the response, if there was one. */
function receiveError(call: TracedCall, error: unknown): void {
  const { status, headers } = asMembers(error);
  if (typeof status === 'number') call.received({ response: { statusCode: status, headers: plainHeaders(headers) } });
}

/** The request in the form in which the AWS SDK reports its requests. */
function httpRequest(client: OpenAiClient, options: RequestOptions, { address, port }: ServerEndpoint): JsonObject {
  return { hostname: address, port, headers: plainHeaders(client._options?.defaultHeaders, options.headers) };
}
