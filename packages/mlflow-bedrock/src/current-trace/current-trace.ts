import { type Context, isSpanContextValid, propagation, type Span, TraceFlags, trace } from '@opentelemetry/api';
import type { Span as SdkSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { type Identity, identityAttributes, identityIn } from './identity.js';
import { type OpenTrace, state } from './process-state.js';
import { enterModelSpan } from './strands.js';

/** Traces whose root never ends stay open. Beyond this number the oldest is forgotten, which bounds memory. */
const MAX_OPEN_TRACES = 10_000;

/**
 * Returns the MLflow id (`tr-…`) of the trace that this code runs in. Undefined outside of a trace, and in a trace that
 * is not sampled, because MLflow never gets it.
 */
export function getCurrentTraceId(): string | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext();
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return undefined;
  return (spanContext.traceFlags & TraceFlags.SAMPLED) === 0 ? undefined : mlflowId(spanContext.traceId);
}

/**
 * Returns the MLflow id (`tr-…`) of the trace whose root ended last in this process. Undefined before the first one
 * ended. While requests run side by side it may be the trace of another request: call {@link getCurrentTraceId} inside
 * the trace instead.
 */
export function getLastActiveTraceId(): string | undefined {
  return state.lastTraceId;
}

/**
 * Links traces that start from now on to an MLflow run, until the next call. It holds for the whole process and wins
 * over the run of the exporter's configuration.
 *
 * @param runId id of an existing run, as `MlflowClient.createRun` returns it. Undefined: no run.
 */
export function setActiveRun(runId: string | undefined): void {
  state.activeRun = runId;
}

/** Returns the open trace of a span. Undefined if its local root ended or is unknown. */
export function openTraceOf(span: Span): OpenTrace | undefined {
  return state.traces.get(span.spanContext().traceId);
}

/**
 * Keeps track of open traces for `updateCurrentTrace`, `setActiveRun` and `getLastActiveTraceId`, also of traces that
 * other instrumentations start. It sets session and user on every later span of a trace, and exports nothing.
 * `autolog()` installs it. Add it to the `spanProcessors` of a tracer provider of your own, in any order.
 */
export class CurrentTraceProcessor implements SpanProcessor {
  constructor() {
    state.hasProcessor = true;
  }

  /** Registers the trace of a local root, and sets session and user on the span. */
  onStart(span: SdkSpan, parentContext: Context): void {
    spanStarted(span, parentContext);
    enterModelSpan(span, parentContext);
  }

  /** Closes the trace when its local root ends. */
  onEnd(span: { spanContext: Span['spanContext'] }): void {
    spanEnded(span.spanContext());
  }

  /** Does nothing: the processor keeps no spans. */
  async forceFlush(): Promise<void> {}

  /** Does nothing: the processor keeps no spans. */
  async shutdown(): Promise<void> {}
}

/** Registers the start of a span. The processor and `traced()`, which works without it, may both call it. */
export function spanStarted(span: Span, parentContext: Context): void {
  if (!span.isRecording()) return;
  const received = identityIn(propagation.getBaggage(parentContext));
  const open = openTraceOf(span) ?? (isLocalRoot(parentContext) ? openTrace(span, received) : undefined);
  // updateCurrentTrace() wins over the baggage of a request.
  const { sessionId = received.sessionId, userId = received.userId } = open ?? {};
  span.setAttributes(identityAttributes({ sessionId, userId }));
}

/** Registers the end of a span. */
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
