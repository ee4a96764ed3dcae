/** Wraps one `send`: starts the call, lets the SDK do its work untouched, and watches what it answers. */

import { type Context, context, type Span, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { isTracingSuppressed, suppressTracing } from '@opentelemetry/core';
import { type CallEnvironment, startAttributes, TracedCall } from '../call/call.js';
import { isThenable } from '../data/promise.js';
import type { BedrockCallInfo } from '../data/settings.js';
import { apiOf } from '../operations/index.js';
import { spanName } from '../span/writer.js';
import { isTracedAlready, lastEndpoint, type SendOrigin, WatchedTransport } from './transport.js';
import { BEDROCK_RUNTIME_SERVICE_ID, operationName, type SdkClient, type Send } from './types.js';

/** What tracing a `send` needs of the instrumentation. */
export interface SendEnvironment extends CallEnvironment {
  readonly tracer: Tracer;
}

/** True for the calls of a Bedrock Runtime client; those of all others that share `send` pay only this. */
export function isTraced(client: SdkClient): boolean {
  return client?.config?.serviceId === BEDROCK_RUNTIME_SERVICE_ID;
}

/** Undefined when the call is none to trace; then the original is to be called as if nothing were. */
export function traceSend(
  environment: SendEnvironment,
  origin: SendOrigin,
  original: Send,
  rest: unknown[],
): { readonly result: unknown } | undefined {
  const parent = context.active();
  const { client, command } = origin;
  const started = start(environment, origin, parent);
  if (!started) return undefined;

  const { call, span, info } = started;
  const { config } = environment;
  const withSpan = trace.setSpan(parent, span);
  const active = config.suppressInternalInstrumentation ? suppressTracing(withSpan) : withSpan;
  // Nobody records this call: it only stays the parent of what happens beneath it.
  if (!call) return { result: context.with(active, () => original.call(client, command, ...rest)) };

  runHook(environment, 'requestHook', config.requestHook, span, info, { input: command.input });
  const transport = new WatchedTransport(origin, call);
  const watch: AnswerWatch = {
    caller: parent,
    succeed(output) {
      transport.end();
      runHook(environment, 'responseHook', config.responseHook, span, info, { output });
      call.succeed(output);
    },
    fail(error) {
      transport.end();
      runHook(environment, 'responseHook', config.responseHook, span, info, { error });
      call.fail(error);
    },
  };
  try {
    return { result: transport.run(active, () => sendWatched(watch, original, origin, rest)) };
  } catch (error) {
    watch.fail(error);
    throw error;
  }
}

interface AnswerWatch {
  /** The context in which the call was made. */
  readonly caller: Context;
  succeed(output: unknown): void;
  fail(error: unknown): void;
}

/** Calls `send` in the form the application chose, promise or callback, and hands on what comes, unchanged. */
function sendWatched(watch: AnswerWatch, original: Send, { client, command }: SendOrigin, rest: unknown[]): unknown {
  // The SDK takes a callback in one of these two places and nowhere else.
  const callbackAt = typeof rest[0] === 'function' ? 0 : 1;
  const callback = rest[callbackAt];
  if (typeof callback === 'function') {
    const watched = (...args: unknown[]): unknown => {
      if (args[0]) watch.fail(args[0]);
      else watch.succeed(args[1]);
      // The callback belongs to the caller: it runs in the caller's context, not inside the finished span.
      return context.with(watch.caller, () => callback(...args));
    };
    return original.call(client, command, ...rest.with(callbackAt, watched));
  }
  const promise = original.call(client, command, ...rest);
  if (!isThenable(promise)) {
    // Never the SDK, but somebody's wrapper or stub: whatever it returns is the answer.
    watch.succeed(promise);
    return promise;
  }
  return promise.then(
    (output) => {
      watch.succeed(output);
      return output;
    },
    (error: unknown) => {
      watch.fail(error);
      throw error;
    },
  );
}

/** Hooks are the application's code: what they throw, or reject with, is reported and goes no further. */
function runHook<Seen>(
  { report }: CallEnvironment,
  name: string,
  hook: ((span: Span, info: BedrockCallInfo & Seen) => unknown) | undefined,
  span: Span,
  info: BedrockCallInfo,
  seen: Seen,
): void {
  try {
    const returned = hook?.(span, { ...info, ...seen });
    if (isThenable(returned)) returned.then(undefined, (error: unknown) => report(`${name} rejected`, error));
  } catch (error) {
    report(`${name} threw`, error);
  }
}

interface StartedCall {
  /** Absent when neither the span nor a metric is recorded. */
  readonly call: TracedCall | undefined;
  readonly span: Span;
  readonly info: BedrockCallInfo;
}

/** Undefined when nothing is to be observed; an error in here is reported and the application's call goes on. */
function start(environment: SendEnvironment, origin: SendOrigin, parent: Context): StartedCall | undefined {
  const { client, command } = origin;
  try {
    // In this order: a send that is traced already is remembered, also where that one suppresses what is beneath it.
    if (isTracedAlready(origin) || isTracingSuppressed(parent)) return undefined;
    const operation = operationName(command, client);
    if (operation === undefined) return undefined;
    const api = apiOf(operation);
    const request = api.readRequest(command.input, environment.config);
    const info: BedrockCallInfo = { operation, modelId: request.modelId };
    const server = lastEndpoint(client);
    const attributes = startAttributes(request, api, server);
    const name = spanName(request.dialect, request.modelId);
    const span = environment.tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent);
    const isObserved = span.isRecording() || environment.instruments.isRecording;
    const call = isObserved ? new TracedCall(environment, info, api, request, span, server, parent) : undefined;
    return { span, info, call };
  } catch (error) {
    environment.report('starting the span of a call failed; the call is not traced', error);
    return undefined;
  }
}
