/** Which trace the code is in, which it was in last, and the run that new traces belong to. */

import { type Context, isSpanContextValid, propagation, type Span, TraceFlags, trace } from '@opentelemetry/api';
import type { Span as SdkSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type Identity, identityAttributes, identityIn } from './identity.js';
import { type OpenTrace, state } from './state.js';
import { enterModelSpan } from './strands.js';

/** Traces whose root never ends stay open; beyond this many the oldest is forgotten, so that memory is bounded. */
const MAX_OPEN_TRACES = 10_000;

/**
 * The MLflow trace id (`tr-…`) of the span that is active here; undefined outside of any, and in a trace that is not
 * sampled, which MLflow never gets.
 */
export function getCurrentTraceId(): string | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext();
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return undefined;
  return (spanContext.traceFlags & TraceFlags.SAMPLED) === 0 ? undefined : mlflowId(spanContext.traceId);
}

/**
 * The MLflow trace id (`tr-…`) of the trace whose root ended last in this process; undefined before the first. Of the
 * whole process: where requests run side by side it may be another's, so take {@link getCurrentTraceId} inside the
 * trace instead.
 */
export function getLastActiveTraceId(): string | undefined {
  return state.lastTraceId;
}

/**
 * Traces that start from now on belong to this MLflow run, until it is called with `undefined`. Holds for the whole
 * process and wins over the run the exporter was configured with.
 *
 * @param runId the id of an existing run of the experiment, as `MlflowClient.createRun` gives it.
 */
export function setActiveRun(runId: string | undefined): void {
  state.activeRun = runId;
}

/** The open trace that the span belongs to. */
export function openTraceOf(span: Span): OpenTrace | undefined {
  return state.traces.get(span.spanContext().traceId);
}

/**
 * Keeps track of traces, so that `updateCurrentTrace`, `setActiveRun` and `getLastActiveTraceId` know roots that other
 * instrumentations started, and session and user get onto every span that follows. `autolog()` installs it; a tracer
 * provider of your own takes it among its `spanProcessors`, in any order. It exports nothing.
 */
export class CurrentTraceProcessor implements SpanProcessor {
  constructor() {
    state.hasProcessor = true;
  }

  onStart(span: SdkSpan, parentContext: Context): void {
    spanStarted(span, parentContext);
    enterModelSpan(span, parentContext);
  }

  onEnd(span: { spanContext: Span['spanContext'] }): void {
    spanEnded(span.spanContext());
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

/** May be told of a span twice: by the processor and by `traced`, which works without it. */
export function spanStarted(span: Span, parentContext: Context): void {
  if (!span.isRecording()) return;
  const received = identityIn(propagation.getBaggage(parentContext));
  const open = openTraceOf(span) ?? (isLocalRoot(parentContext) ? openTrace(span, received) : undefined);
  // What updateCurrentTrace said of the trace comes before what one request carried.
  const { sessionId = received.sessionId, userId = received.userId } = open ?? {};
  span.setAttributes(identityAttributes({ sessionId, userId }));
}

export function spanEnded({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }): void {
  if (state.traces.get(traceId)?.root.spanContext().spanId !== spanId) return;
  state.traces.delete(traceId);
  state.lastTraceId = mlflowId(traceId);
}

function openTrace(root: Span, identity: Identity): OpenTrace {
  const open: OpenTrace = { root, ...identity };
  state.traces.set(root.spanContext().traceId, open);
  if (state.activeRun !== undefined) root.setAttribute('mlflow.sourceRun', state.activeRun);
  if (state.traces.size > MAX_OPEN_TRACES) {
    const [oldest] = state.traces.keys();
    if (oldest !== undefined) state.traces.delete(oldest);
  }
  return open;
}

function isLocalRoot(parentContext: Context): boolean {
  const parent = trace.getSpanContext(parentContext);
  return parent === undefined || !isSpanContextValid(parent) || parent.isRemote === true;
}

function mlflowId(traceId: string): string {
  return `tr-${traceId}`;
}
