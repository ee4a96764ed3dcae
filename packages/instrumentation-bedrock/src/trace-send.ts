/** Wraps one `send`: starts the call, lets the SDK do its work untouched, and watches what it answers. */

import { type Context, context, type Span, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { isTracingSuppressed, suppressTracing } from '@opentelemetry/core';
import { type CallEnvironment, startAttributes, TracedCall } from './call.js';
import type { BedrockCallInfo } from './config.js';
import { apiOf } from './operations.js';
import { isThenable } from './promise.js';
import { BEDROCK_RUNTIME_SERVICE_ID, operationName, type SdkClient, type Send } from './sdk.js';
import { spanName } from './span-recorder.js';
import { isTracedAlready, lastEndpoint, type SendOrigin, withTransport } from './transport.js';

/** What tracing a `send` needs of the instrumentation. */
export interface SendEnvironment extends CallEnvironment {
  readonly tracer: Tracer;
  /** Calls whose stream is still being read. */
  readonly openCalls: Set<TracedCall>;
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
  if (isTracingSuppressed(parent)) return undefined;
  const { client, command } = origin;
  const started = start(environment, origin, parent);
  if (!started) return undefined;

  const { call, span, info } = started;
  const { config, openCalls } = environment;
  const withSpan = trace.setSpan(parent, span);
  const active = config.suppressInternalInstrumentation ? suppressTracing(withSpan) : withSpan;
  // Nobody records this call: it only stays the parent of what happens beneath it.
  if (!call) return { result: context.with(active, () => original.call(client, command, ...rest)) };

  runHook(environment, 'requestHook', config.requestHook, span, info, { input: command.input });
  const succeed = (output: unknown): void => {
    runHook(environment, 'responseHook', config.responseHook, span, info, { output });
    if (call.succeed(output, () => openCalls.delete(call))) openCalls.add(call);
  };
  const fail = (error: unknown): void => {
    runHook(environment, 'responseHook', config.responseHook, span, info, { error });
    call.fail(error);
  };
  try {
    const result = withTransport(origin, call, active, (answered) => {
      const watch = { succeed: after(succeed, answered), fail: after(fail, answered) };
      return watchAnswer(watch, parent, rest, (args) => original.call(client, command, ...args));
    });
    return { result };
  } catch (error) {
    fail(error);
    throw error;
  }
}

interface AnswerWatch {
  succeed(output: unknown): void;
  fail(error: unknown): void;
}

/** Calls `send` in the form the application chose, promise or callback, and hands on what comes, unchanged. */
function watchAnswer(
  { succeed, fail }: AnswerWatch,
  caller: Context,
  rest: unknown[],
  send: (args: unknown[]) => unknown,
): unknown {
  // The SDK takes a callback in one of these two places and nowhere else.
  const callbackAt = rest.slice(0, 2).findIndex((argument) => typeof argument === 'function');
  if (callbackAt >= 0) {
    const callback = rest[callbackAt] as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]): unknown => {
      if (args[0]) fail(args[0]);
      else succeed(args[1]);
      // The callback belongs to the caller: it runs in the caller's context, not inside the finished span.
      return context.with(caller, () => callback(...args));
    };
    return send(rest.with(callbackAt, watched));
  }
  const promise = send(rest);
  if (!isThenable(promise)) {
    // Never the SDK, but somebody's wrapper or stub: whatever it returns is the answer.
    succeed(promise);
    return promise;
  }
  return promise.then(
    (output) => {
      succeed(output);
      return output;
    },
    (error: unknown) => {
      fail(error);
      throw error;
    },
  );
}

function after<Value>(work: (value: Value) => void, then: () => void): (value: Value) => void {
  return (value) => {
    then();
    work(value);
  };
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
    const operation = operationName(command, client);
    if (operation === undefined || isTracedAlready(origin)) return undefined;
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
