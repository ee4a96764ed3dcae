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

/** LangChain ends no run of a lambda whose stream is not read to its end. Such runs must not fill the memory. */
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
    const left = oldest === undefined ? undefined : this.remove(oldest);
    if (left?.runId === oldest) left?.recorder.returned(() => undefined);
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
    const inside = step === undefined ? active : contextOf(step, active);
    return inside === active ? call() : context.with(inside, call);
  }
}

/**
 * The context of a step, with the baggage and other values of the surrounding context. The surrounding context itself if
 * it is inside of the step: LangChain enters a step again for each part of a stream and for the runs below it, and the
 * application may have spans between the two.
 */
export function contextOf(step: Step, around: Context): Context {
  if (around.getValue(STEP) === step) return around;
  return withLocalRoot(trace.setSpan(around, step.span), step.span).setValue(STEP, step);
}
