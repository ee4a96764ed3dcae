import { types } from 'node:util';
import { type Attributes, context, diag, type Span, type Tracer, trace } from '@opentelemetry/api';
import { spanEnded, spanStarted } from './current-trace.js';
import { generatorKind, type TracedRun, traceGenerator } from './traced-generator.js';
import { callInput, parameterNames } from './traced-input.js';
import { TracedRecorder } from './traced-recorder.js';

/** What a span stands for in MLflow, which shows each type in its own way. Other words are kept as they are. */
export type SpanType =
  | 'AGENT'
  | 'CHAIN'
  | 'CHAT_MODEL'
  | 'EMBEDDING'
  | 'EVALUATOR'
  | 'GUARDRAIL'
  | 'LLM'
  | 'MEMORY'
  | 'PARSER'
  | 'RERANKER'
  | 'RETRIEVER'
  | 'TASK'
  | 'TOOL'
  | 'UNKNOWN'
  | 'WORKFLOW'
  | (string & {});

export interface TracedOptions {
  /** Name of the span. */
  name: string;
  /**
   * `AGENT`, `TOOL` and `RETRIEVER` are also described in the words of OpenTelemetry's GenAI conventions
   * (`invoke_agent`, `execute_tool`, `retrieval`). Default: `UNKNOWN`.
   */
  spanType?: SpanType | undefined;
  /** Attributes of every span of this function. */
  attributes?: Attributes | undefined;
}

/**
 * The function in a span: the same signature, `this`, result and errors. The span holds arguments and result, as far as
 * content is recorded (`captureMessageContent`, `contentHook`, `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`),
 * and what is traced inside becomes its children. Generators and async generators have a span from the first item that
 * is asked for to their end; its output is the list of items, at most 1,000 of them or about 1 MiB. A subclass of
 * `Promise` comes back as `then` makes it; a thenable that is no promise is returned untouched, so its span ends at once.
 *
 * @param options name of the span, or name, span type and attributes.
 */
export function traced<F extends (...args: never[]) => unknown>(options: string | TracedOptions, fn: F): F {
  const { name, spanType = 'UNKNOWN', attributes } = typeof options === 'string' ? { name: options } : options;
  const fixed: Attributes = { 'mlflow.spanType': spanType, ...genAiAttributes(spanType, name), ...attributes };
  const names = parameterNames(fn);

  const open = (args: readonly unknown[], parent = context.active()): TracedRun | undefined => {
    try {
      const span = tracer().startSpan(name, { attributes: fixed }, parent);
      spanStarted(span, parent);
      const recorder = new TracedRecorder(span, name, spanType === 'TOOL', ended);
      recorder.input(() => callInput(args, names));
      const inside = trace.setSpan(parent, span);
      return { recorder, run: (work) => context.with(inside, work) };
    } catch (error) {
      diag.warn(`mlflow-bedrock: the span "${name}" could not be started; the function runs without`, error);
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
    recorder.returned(result);
    return result;
  };
  // For those who look at it: frameworks read the name and the number of parameters of a handler.
  for (const key of ['name', 'length'] as const) {
    Object.defineProperty(wrapper, key, { value: fn[key], configurable: true });
  }
  return wrapper as unknown as F;
}

/** The promise given is the one whose rejection counts: a second one beside it would hide unhandled rejections. */
function settled(promise: Promise<unknown>, recorder: TracedRecorder): Promise<unknown> {
  return promise.then(
    (value) => {
      recorder.returned(value);
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
  open: (args: readonly unknown[], parent: ReturnType<typeof context.active>) => TracedRun | undefined,
): unknown {
  const kind = generatorKind(generator);
  if (kind === undefined) return generator;
  // The trace it belongs to is that of the call, wherever it is read.
  const parent = context.active();
  return traceGenerator(generator as object, kind, { start: () => open(args, parent) });
}

function genAiAttributes(spanType: SpanType, name: string): Attributes {
  switch (spanType) {
    case 'AGENT':
      return { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name };
    case 'TOOL':
      return {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': name,
        'gen_ai.tool.type': 'function',
      };
    case 'RETRIEVER':
      return { 'gen_ai.operation.name': 'retrieval' };
    default:
      return {};
  }
}

function tracer(): Tracer {
  return trace.getTracer('mlflow-bedrock');
}

function ended(span: Span): void {
  spanEnded(span.spanContext());
}
