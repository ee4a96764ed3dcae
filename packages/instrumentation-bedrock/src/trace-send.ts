/** Wraps one `send`: starts the call, lets the SDK do its work untouched, and watches what it answers. */

import { type Context, context, type Span, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { isTracingSuppressed, suppressTracing } from '@opentelemetry/core';
import { type CallEnvironment, startAttributes, TracedCall } from './call.js';
import type { BedrockCallInfo } from './config.js';
import { apiOf } from './operations.js';
import { BEDROCK_RUNTIME_SERVICE_ID, operationName, type SdkClient, type SdkCommand, type Send } from './sdk.js';
import { spanName } from './span-recorder.js';
import { lastEndpoint, withTransport } from './transport.js';

/** What tracing a `send` needs of the instrumentation. */
export interface SendEnvironment extends CallEnvironment {
  readonly tracer: Tracer;
  /** Calls whose stream is still being read. */
  readonly openCalls: Set<TracedCall>;
}

/** True for the calls of a Bedrock Runtime client; those of all others that share `send` pay only this. */
export function isTraced(client: SdkClient): boolean {
  return client.config?.serviceId === BEDROCK_RUNTIME_SERVICE_ID;
}

export function traceSend(
  environment: SendEnvironment,
  original: Send,
  client: SdkClient,
  command: SdkCommand,
  rest: unknown[],
): unknown {
  const parent = context.active();
  const started = isTracingSuppressed(parent) ? undefined : start(environment, client, command, parent);
  if (!started) return original.call(client, command, ...rest);

  const { call, span, info } = started;
  const { config, openCalls, report } = environment;
  const runHook = <Info>(name: string, hook: ((span: Span, info: Info) => void) | undefined, hookInfo: Info): void => {
    try {
      hook?.(span, hookInfo);
    } catch (error) {
      report(`${name} threw`, error);
    }
  };
  const succeed = (output: unknown): void => {
    runHook('responseHook', config.responseHook, { ...info, output });
    if (call.succeed(output, () => openCalls.delete(call))) openCalls.add(call);
  };
  const fail = (error: unknown): void => {
    runHook('responseHook', config.responseHook, { ...info, error });
    call.fail(error);
  };
  runHook('requestHook', config.requestHook, { ...info, input: command.input });

  const withSpan = trace.setSpan(parent, span);
  const active = config.suppressInternalInstrumentation ? suppressTracing(withSpan) : withSpan;
  const forward = (args: unknown[]): unknown =>
    context.with(active, () => withTransport(client, command, call, () => original.call(client, command, ...args)));

  const callbackAt = rest.findIndex((argument) => typeof argument === 'function');
  try {
    if (callbackAt >= 0) {
      const callback = rest[callbackAt] as (...args: unknown[]) => unknown;
      const watched = (...args: unknown[]): unknown => {
        if (args[0]) fail(args[0]);
        else succeed(args[1]);
        // The callback belongs to the caller: it runs in the caller's context, not inside the finished span.
        return context.with(parent, () => callback(...args));
      };
      return forward(rest.with(callbackAt, watched));
    }
    const promise = forward(rest);
    if (!isPromise(promise)) return promise;
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
  } catch (error) {
    fail(error);
    throw error;
  }
}

interface StartedCall {
  readonly call: TracedCall;
  readonly span: Span;
  readonly info: BedrockCallInfo;
}

/** Undefined when nothing is to be observed; an error in here is reported and the application's call goes on. */
function start(
  environment: SendEnvironment,
  client: SdkClient,
  command: SdkCommand,
  parent: Context,
): StartedCall | undefined {
  try {
    const operation = operationName(command);
    if (operation === undefined) return undefined;
    const api = apiOf(operation);
    const request = api.readRequest(command.input, environment.config);
    const info: BedrockCallInfo = { operation, modelId: request.modelId };
    const attributes = startAttributes(request, api, lastEndpoint(client));
    const span = environment.tracer.startSpan(
      spanName(request.dialect, request.modelId),
      { kind: SpanKind.CLIENT, attributes },
      parent,
    );
    return { span, info, call: new TracedCall(environment, info, api, request, span, parent) };
  } catch (error) {
    environment.report('starting the span of a call failed; the call is not traced', error);
    return undefined;
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
