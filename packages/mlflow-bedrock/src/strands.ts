import { type Context, context, createContextKey, type Span, TraceFlags, trace } from '@opentelemetry/api';

const MODEL_CALL = createContextKey('mlflow-bedrock.strands.model-call');

/**
 * Middleware for an agent of Strands (`@strands-agents/sdk`) that puts its calls to Bedrock under Strands' own spans.
 * Without it each of them is a trace of its own, because Strands does not make its spans current while it calls a
 * model. It needs a `CurrentTraceProcessor` in the tracer provider, as `autolog()` and `register` have it; without one
 * it changes nothing.
 *
 * @example
 * agent.addMiddleware(InvokeModelStage, strandsMiddleware);
 *
 * @param call what is sent to the model; passed on as it is.
 * @param next calls the model.
 */
export function strandsMiddleware<C, E, R>(
  call: C,
  next: (call: C) => AsyncGenerator<E, R, undefined>,
): AsyncGenerator<E, R, undefined> {
  const inside = new ModelCallContext(context.active());
  const generator = next(call);
  const inContext =
    <A extends unknown[], T>(step: (...args: A) => T) =>
    (...args: A): T =>
      context.with(inside, () => step.apply(generator, args));
  // Step by step, because the body of a generator runs in the context of whoever asks for the next item.
  return Object.assign(Object.create(Object.getPrototypeOf(generator)), {
    next: inContext(generator.next),
    return: inContext(generator.return),
    throw: inContext(generator.throw),
  });
}

/** Makes the span that Strands starts for a model call current for the rest of that call. */
export function enterModelSpan(span: Span & { readonly name: string }, parentContext: Context): void {
  // Strands' own name for it, without the model: not that of this package's span for the call to Bedrock.
  if (span.name !== 'chat') return;
  (parentContext.getValue(MODEL_CALL) as ModelCallContext | undefined)?.enter(span);
}

/**
 * The context of one model call. It changes once, which contexts otherwise never do: Strands starts its span and calls
 * the model without a step between them that could be run in another one.
 */
class ModelCallContext implements Context {
  #values: Context;
  #entered = false;

  constructor(outer: Context) {
    this.#values = outer.setValue(MODEL_CALL, this);
  }

  enter(span: Span): void {
    if (this.#entered) return;
    this.#entered = true;
    this.#values = trace.setSpan(this.#values, span);
  }

  getValue(key: symbol): unknown {
    return this.#values.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    const derived = this.#values.setValue(key, value);
    // Strands names the parent of its span here. Of a trace that is not sampled nobody hears when the span starts.
    const parent = trace.getSpan(derived);
    if (parent && (parent.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) this.enter(parent);
    return derived;
  }

  deleteValue(key: symbol): Context {
    return this.#values.deleteValue(key);
  }
}
