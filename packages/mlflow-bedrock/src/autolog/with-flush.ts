import { endsWithin } from '../common/ends-within.js';
import { isSdkDisabled } from '../common/environment.js';
import { reportErrors } from '../common/reported.js';
import { warn, warnOfErrorOnce } from '../common/warn.js';
import { registeredProvider } from './application-provider.js';
import { startedAutolog } from './autolog.js';
import { setDefaultLogger } from './logger.js';

/** Time that remains after the flush for Lambda to send the response, in milliseconds. */
const RESERVE_MILLIS = 500;
/** For handlers without the context of Lambda, in milliseconds. */
const DEFAULT_REMAINING_MILLIS = 5000;

const NO_TRACING =
  'withFlush() has nothing to flush, because tracing was not started. Set NODE_OPTIONS="--import mlflow-bedrock/register", ' +
  'or call autolog() before the handler.';
const NOT_IN_TIME =
  "withFlush() stopped to wait, because the function's timeout was near. Spans that were not sent follow with the next " +
  'invocation, or are lost. Raise the timeout of the function.';

/**
 * Returns a handler for AWS Lambda that sends its spans before it answers. After the answer Lambda freezes the process,
 * maybe for ever.
 *
 * It takes handlers that return a promise, that call a callback, and those of `awslambda.streamifyResponse`, before or
 * after that function. Result and error stay the same. The flush ends half a second before the timeout of the function.
 * It is that of `autolog()`, or else of the registered tracer provider.
 */
// A union, as for `traced`: parameters without annotation are not `never`.
export function withFlush<Handler extends ((...args: never[]) => unknown) | ((...args: unknown[]) => unknown)>(
  handler: Handler,
): Handler {
  // Lambda itself reports a handler that is missing.
  if (typeof handler !== 'function') return handler;
  const said = new Set<string>();
  const warnOnce = (message: string): void => {
    if (!said.has(message)) warn(message);
    said.add(message);
  };
  const flushing = function (this: unknown, ...args: unknown[]): unknown {
    const flush = (): Promise<void> => flushInTime(args, warnOnce);
    const withCallback = args.map((arg, index) => (index > 0 && typeof arg === 'function' ? after(flush, arg) : arg));
    const result = Reflect.apply(handler, this, withCallback);
    return isPromise(result) ? settledAfter(flush, result) : result;
  };
  return likeHandler(flushing, handler) as Handler;
}

interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

function isContext(argument: unknown): argument is LambdaContext {
  return typeof (argument as Partial<LambdaContext> | null | undefined)?.getRemainingTimeInMillis === 'function';
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

async function settledAfter(flush: () => Promise<void>, result: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await result;
  } finally {
    await flush();
  }
}

function after(flush: () => Promise<void>, callback: unknown): (...results: unknown[]) => void {
  return (...results) => {
    void flush().then(() => (callback as (...results: unknown[]) => void)(...results));
  };
}

/**
 * Lambda reads the kind of a handler from the function: whether it is `async`, has three parameters (a callback, which
 * Node.js 24 refuses there), or streams its response (a symbol).
 */
function likeHandler(flushing: object, handler: object): object {
  Object.setPrototypeOf(flushing, Object.getPrototypeOf(handler));
  for (const key of Reflect.ownKeys(handler)) {
    const property = Object.getOwnPropertyDescriptor(handler, key);
    // Those of every function are not configurable in some runtimes.
    if (property && key !== 'prototype' && key !== 'arguments' && key !== 'caller') {
      Object.defineProperty(flushing, key, property);
    }
  }
  return flushing;
}

/** Never rejects. */
async function flushInTime(args: readonly unknown[], warnOnce: (message: string) => void): Promise<void> {
  try {
    const flush = currentFlush();
    if (!flush) {
      if (isSdkDisabled(process.env)) return;
      setDefaultLogger(process.env['OTEL_LOG_LEVEL']);
      warnOnce(NO_TRACING);
      return;
    }
    const remaining = Number(args.find(isContext)?.getRemainingTimeInMillis() ?? DEFAULT_REMAINING_MILLIS);
    const done = flush()
      .catch(reportErrors)
      .then(() => true);
    if (!(await endsWithin(Math.max(0, remaining - RESERVE_MILLIS), done))) warnOnce(NOT_IN_TIME);
  } catch (error) {
    warnOfErrorOnce('withFlush() could not flush', error);
  }
}

function currentFlush(): (() => Promise<unknown>) | undefined {
  const started = startedAutolog();
  if (started) return () => started.flush();
  const provider = registeredProvider() as { forceFlush?: () => Promise<unknown> } | undefined;
  return provider && (async () => provider.forceFlush?.());
}
