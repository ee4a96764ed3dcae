import { type Context, context, createContextKey, type Span, TraceFlags, trace } from '@opentelemetry/api';

const MODEL_CALL = createContextKey('mlflow-bedrock.strands.model-call');

/**
 * Middleware for an agent of Strands (`@strands-agents/sdk`) that makes the agent's Bedrock calls children of Strands'
 * own spans. Without it each call is a trace of its own, because Strands does not make its spans active while it calls
 * a model. The tracer provider must have a `CurrentTraceProcessor`, which `autolog()` and `register` add. Without one
 * the middleware changes nothing.
 *
 * @example
 * agent.addMiddleware(InvokeModelStage, strandsMiddleware);
 *
 * @param call the request to the model; passed on unchanged.
 * @param next calls the model.
 * @returns the generator of `next`, with the same events, result and errors.
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
  // Each step by itself, because the body of a generator runs in the context of the caller of next().
  return Object.assign(Object.create(Object.getPrototypeOf(generator)), {
    next: inContext(generator.next),
    return: inContext(generator.return),
    throw: inContext(generator.throw),
  });
}

/** Makes the span that Strands starts for a model call active for the rest of that call. */
export function enterModelSpan(span: Span & { readonly name: string }, parentContext: Context): void {
  // Strands' own name of the span. The name of this project's span has the model in it.
  if (span.name !== 'chat') return;
  (parentContext.getValue(MODEL_CALL) as ModelCallContext | undefined)?.enter(span);
}

/**
 * The context of one model call. Unlike other contexts it changes, once: Strands starts its span and calls the model
 * without a step in between that could run in another context.
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
    // Strands sets the parent of its span here. No processor sees the start of a span that is not sampled.
    const parent = trace.getSpan(derived);
    if (parent && (parent.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) this.enter(parent);
    return derived;
  }

  deleteValue(key: symbol): Context {
    return this.#values.deleteValue(key);
  }
}
