import { type Context, context, createContextKey, type Span, trace } from '@opentelemetry/api';
import { withLocalRoot } from '../current-trace/local-roots.js';
import type { TracedRecorder } from '../traced/recorder.js';

/** A step of LangChain that has a span. */
export interface Step {
  readonly runId: string;
  readonly name: string;
  readonly span: Span;
  readonly recorder: TracedRecorder;
}

/** Runs that never end must not fill the memory. */
const CAPACITY = 10_000;
/** The step in whose context code runs. Contexts of spans below it keep the value. */
const STEP = createContextKey('mlflow-bedrock.langchain.step');

/** The runs of LangChain that have not ended, by their ids, and the steps to which they belong. */
export class Runs {
  readonly #steps = new Map<string, Step>();

  /** The step of a run, or of the nearest run above it that is a step. */
  step(runId: string | undefined): Step | undefined {
    return runId === undefined ? undefined : this.#steps.get(runId);
  }

  add(runId: string, step: Step): void {
    this.#steps.set(runId, step);
    if (this.#steps.size <= CAPACITY) return;
    const [oldest] = this.#steps.keys();
    if (oldest !== undefined) this.#steps.delete(oldest);
  }

  /** Forgets a run. Returns the step to which it belonged. */
  remove(runId: string): Step | undefined {
    const step = this.#steps.get(runId);
    this.#steps.delete(runId);
    return step;
  }

  /** Calls the function in the context of a step, so that spans which start inside become its children. */
  runInside<T>(runId: string | undefined, call: () => T): T {
    const step = this.step(runId);
    const active = context.active();
    // LangChain enters a step again to read each part of a stream. The application may have spans between the two.
    if (step === undefined || active.getValue(STEP) === step) return call();
    return context.with(contextOf(step, active), call);
  }
}

/** The context of a step, with the baggage and other values of the surrounding context. */
export function contextOf(step: Step, around: Context): Context {
  return withLocalRoot(trace.setSpan(around, step.span), step.span).setValue(STEP, step);
}
