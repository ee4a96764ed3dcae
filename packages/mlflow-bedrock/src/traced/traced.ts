import { types } from 'node:util';
import { type Attributes, type Context, context, trace } from '@opentelemetry/api';
import { warnOfErrorOnce } from '../common/warn.js';
import { spanEnded, spanStarted } from '../current-trace/current-trace.js';
import { withLocalRoot } from '../current-trace/local-roots.js';
import { generatorKind, type TracedRun, traceGenerator } from './generator.js';
import { callInput, parameterNames } from './input.js';
import { TracedRecorder } from './recorder.js';
import { genAiAttributes, type SpanType } from './span-type.js';

/** Options of {@link traced}. */
export interface TracedOptions {
  /** Name of the span. */
  name: string;
  /**
   * Type of the span. `AGENT`, `TOOL` and `RETRIEVER` also set the operation of OpenTelemetry's GenAI conventions
   * (`invoke_agent`, `execute_tool`, `retrieval`). Default: `UNKNOWN`.
   */
  spanType?: SpanType | undefined;
  /** Attributes of every span of this function. Default: none. */
  attributes?: Attributes | undefined;
  /**
   * Further HTTP headers whose values are not recorded in arguments and results, in any case and at any depth.
   * {@link SENSITIVE_HEADERS} lists those that are never recorded. Default: none.
   */
  sensitiveHeaders?: readonly string[] | undefined;
}

/**
 * Returns the function with a span around each call: the same signature, `this`, result and errors. Spans that start
 * inside become its children. Never throws on its own: if the span cannot start, the function runs without.
 *
 * The span records arguments and result if content is recorded (`captureMessageContent`, `contentHook`,
 * `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`).
 *
 * Values of HTTP headers with credentials ({@link SENSITIVE_HEADERS}) are replaced by `[redacted]`.
 *
 * The span of a generator or async generator starts with the first item that is requested and ends with the generator.
 * Its output is the list of items: at most 1,000, or about 1 MiB.
 *
 * An instance of a subclass of `Promise` is replaced by the result of its `then`. A thenable that is not a promise is
 * returned as it is, and its span ends at once.
 *
 * @param options name of the span, or name, span type and attributes.
 * @param fn the function.
 */
// With `never[]` alone, parameters without annotation would be `never`. TypeScript infers nothing from such a union.
export function traced<F extends ((...args: never[]) => unknown) | ((...args: unknown[]) => unknown)>(
  options: string | TracedOptions,
  fn: F,
): F {
  const {
    name,
    spanType = 'UNKNOWN',
    attributes,
    sensitiveHeaders = [],
  }: TracedOptions = typeof options === 'string' ? { name: options } : options;
  const recorded = { name, isTool: spanType === 'TOOL', sensitiveHeaders };
  const fixed: Attributes = { 'mlflow.spanType': spanType, ...genAiAttributes(spanType, name), ...attributes };
  const names = parameterNames(fn);

  const open = (args: readonly unknown[], parent = context.active()): TracedRun | undefined => {
    try {
      const span = trace.getTracer('mlflow-bedrock').startSpan(name, { attributes: fixed }, parent);
      spanStarted(span, parent);
      const recorder = new TracedRecorder(span, recorded, spanEnded);
      recorder.input(() => callInput(args, names));
      const inside = withLocalRoot(trace.setSpan(parent, span), span);
      return { recorder, run: (work) => context.with(inside, work) };
    } catch (error) {
      warnOfErrorOnce(`the span "${name}" could not be started; the function runs without`, error);
      return undefined;
    }
  };

  const isGenerator = /Generator/.test(Object.prototype.toString.call(fn));
  const wrapper = function (this: unknown, ...args: never[]): unknown {
    if (isGenerator) return startGenerator(fn.apply(this, args), args, open);
    const opened = open(args);
    if (opened === undefined) return fn.apply(this, args);
    const { recorder, run } = opened;
    let result: unknown;
    try {
      result = run(() => fn.apply(this, args));
    } catch (error) {
      recorder.failed(error);
      throw error;
    }
    const kind = generatorKind(result);
    if (kind !== undefined) return traceGenerator(result as object, kind, { opened });
    if (types.isPromise(result)) return settled(result, recorder);
    recorder.returned(() => result);
    return result;
  };
  // Frameworks read the name and the number of parameters of a handler.
  for (const key of ['name', 'length'] as const) {
    Object.defineProperty(wrapper, key, { value: fn[key], configurable: true });
  }
  return wrapper as unknown as F;
}

/** The application must get this promise: handling the rejection of another one would hide an unhandled rejection. */
function settled(promise: Promise<unknown>, recorder: TracedRecorder): Promise<unknown> {
  return promise.then(
    (value) => {
      recorder.returned(() => value);
      return value;
    },
    (error: unknown) => {
      recorder.failed(error);
      throw error;
    },
  );
}

function startGenerator(
  generator: unknown,
  args: readonly unknown[],
  open: (args: readonly unknown[], parent: Context) => TracedRun | undefined,
): unknown {
  const kind = generatorKind(generator);
  if (kind === undefined) return generator;
  // The span belongs to the trace of the call, wherever the generator is read.
  const parent = context.active();
  return traceGenerator(generator as object, kind, { start: () => open(args, parent) });
}
