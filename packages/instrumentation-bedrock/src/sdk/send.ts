/** One wrapped `send`: starts the call, runs the SDK, returns what the SDK returns, and reports its answer to the call. */

import { type Context, context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { TracedCall } from '../call/call.js';
import type { CallEnvironment } from '../call/environment.js';
import { isThenable } from '../data/promise.js';
import { operationName, type SdkClient } from './client.js';
import { latestEndpoint, observeExchanges } from './http-exchange.js';
import { replaceInputs } from './input.js';
import type { SendArguments } from './patch.js';
import type { OpenStreams, StreamObserver } from './stream.js';
import { TracedSend, tracedSendOf, withTracedSend } from './traced-sends.js';

export interface SendEnvironment extends CallEnvironment {
  readonly streams: OpenStreams;
}

/** Returns undefined if the call is not traced; then the caller runs the original. */
export function traceSend(environment: SendEnvironment, args: SendArguments): { readonly result: unknown } | undefined {
  const { wrapper, original, client, command, rest } = args;
  const caller = context.active();
  const call = startCall(environment, args, caller);
  if (!call) return undefined;
  // The span is not recorded, but it is still the parent of the spans beneath, and of those in the service.
  if (!(call.isObserved || call.operation.traceHeaders)) {
    return { result: context.with(call.context, () => original.call(client, command, ...rest)) };
  }

  const traced = new TracedSend({ wrapper, client, command, call });
  const observe = (stream: unknown): boolean => environment.streams.observe(stream, call, client);
  const outcome: Outcome = {
    answered(output) {
      traced.end();
      if (call.isObserved) call.answered(output, observe);
    },
    failed(error) {
      traced.end();
      if (call.isObserved) call.failed(error);
    },
  };
  try {
    return {
      result: context.with(withTracedSend(call.context, traced), () => sendObserved(args, outcome, caller)),
    };
  } catch (error) {
    outcome.failed(error);
    throw error;
  }
}

/** Returns undefined if nothing is traced. Errors are reported; the application's call goes on. */
function startCall(
  environment: SendEnvironment,
  { wrapper, client, command, rest }: SendArguments,
  parent: Context,
): TracedCall | undefined {
  try {
    const traced = tracedSendOf(command);
    if (traced?.call && traced.wrapper !== wrapper) {
      // A wrapper above has started the call. The same wrapper can get a command again: that is another call.
      traced.client = client;
      observeClient(environment, client, traced.call);
      return undefined;
    }
    const operation = isTracingSuppressed(parent) ? undefined : operationName(command, client);
    if (operation === undefined) return undefined;
    const server = latestEndpoint(client);
    // A callback can be in the place of the options.
    const signal = (rest[0] as { readonly abortSignal?: unknown } | undefined)?.abortSignal;
    const serviceId = client.config?.serviceId;
    const observeInput = (events: unknown, observer: StreamObserver): unknown =>
      environment.streams.observeInput(events, parent, observer);
    const { input } = command;
    // No spread of another object: it would take a tenth of the time of a call.
    const call = new TracedCall(environment, { serviceId, operation, input, server, parent, signal, observeInput });
    if (call.isObserved || call.operation.traceHeaders) observeClient(environment, client, call);
    return call;
  } catch (error) {
    environment.report('starting the span of a call failed; the call is not traced', error);
    return undefined;
  }
}

function observeClient({ report }: CallEnvironment, client: SdkClient, call: TracedCall): void {
  try {
    observeExchanges(client);
  } catch (error) {
    report('adding a middleware failed; spans lack the server and the token counts of response headers', error);
  }
  if (!call.operation.inputToSend) return;
  try {
    replaceInputs(client);
  } catch (error) {
    report('adding a middleware failed; the events of inputs are not recorded', error);
  }
}

interface Outcome {
  answered(output: unknown): void;
  failed(error: unknown): void;
}

/** Calls the SDK in the form that the application chose, promise or callback. */
function sendObserved({ original, client, command, rest }: SendArguments, outcome: Outcome, caller: Context): unknown {
  // The SDK accepts a callback in these two positions only.
  const callbackAt = typeof rest[0] === 'function' ? 0 : 1;
  const callback = rest[callbackAt];
  if (typeof callback === 'function') {
    const observed = (...args: unknown[]): unknown => {
      if (args[0]) outcome.failed(args[0]);
      else outcome.answered(args[1]);
      // The callback runs in the context of its caller, not inside the span.
      return context.with(caller, () => callback(...args));
    };
    return original.call(client, command, ...rest.with(callbackAt, observed));
  }
  const promise = original.call(client, command, ...rest);
  if (!isThenable(promise)) {
    // A stub or another wrapper, never the SDK: the value is the answer.
    outcome.answered(promise);
    return promise;
  }
  return promise.then(
    (output) => {
      outcome.answered(output);
      return output;
    },
    (error: unknown) => {
      outcome.failed(error);
      throw error;
    },
  );
}
