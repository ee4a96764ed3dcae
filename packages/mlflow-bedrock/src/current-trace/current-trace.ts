import { type Context, isSpanContextValid, propagation, type Span, TraceFlags, trace } from '@opentelemetry/api';
import type { Span as SdkSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { noteTraces } from 'opentelemetry-instrumentation-bedrock/recording';
import { endedSpans } from '../common/channels.js';
import { warnOfErrorOnce } from '../common/warn.js';
import { dropFrameworkContent } from './framework-content.js';
import { type Identity, identityAttributes, identityIn } from './identity.js';
import { LocalRoot } from './local-root.js';
import { addSpan, endSpan, localRootIn, localRootOf } from './local-roots.js';
import { state } from './process-state.js';
import { enterModelSpan } from './strands.js';

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

/**
 * Keeps track of requests for `updateCurrentTrace`, `setActiveRun` and `getLastActiveTraceId`, also of those that other
 * instrumentations start. It sets session and user on every later span of a request, and exports nothing. A request is
 * a local root with the spans below it, so requests that share a trace id stay separate. `autolog()` installs it. Add it
 * to the `spanProcessors` of a tracer provider of your own, in any order.
 */
export class CurrentTraceProcessor implements SpanProcessor {
  constructor() {
    state.hasProcessor = true;
  }

  /** Registers the span, and sets session and user of its request. */
  onStart(span: SdkSpan, parentContext: Context): void {
    spanStarted(span, parentContext);
    enterModelSpan(span, parentContext);
  }

  /** Removes the content from spans of Strands and of Anthropic's SDK, if no content is recorded. */
  onEnding(span: SdkSpan): void {
    try {
      dropFrameworkContent(span);
    } catch (error) {
      warnOfErrorOnce('the content of a span of a framework could not be removed', error);
    }
  }

  /** Closes the request when its local root ends. */
  onEnd(span: Pick<Span, 'spanContext'>): void {
    spanEnded(span);
    if (endedSpans.hasSubscribers) endedSpans.publish(span);
  }

  /** Does nothing: the processor keeps no spans. */
  async forceFlush(): Promise<void> {}

  /** Does nothing: the processor keeps no spans. */
  async shutdown(): Promise<void> {}
}

/** Registers the start of a span. The processor and `traced()`, which works without it, may both call it. */
export function spanStarted(span: Span, parentContext: Context): void {
  if (!span.isRecording()) return;
  noteTraces();
  const received = identityIn(propagation.getBaggage(parentContext));
  const root = localRootOf(span) ?? localRootIn(parentContext) ?? startRequest(span, received);
  addSpan(span, root);
  // updateCurrentTrace() wins over the baggage of a request.
  const { sessionId = received.sessionId, userId = received.userId } = root;
  span.setAttributes(identityAttributes({ sessionId, userId }));
}

/** Registers the end of a span. */
export function spanEnded(span: Pick<Span, 'spanContext'>): void {
  if (endSpan(span)) state.lastTraceId = mlflowId(span.spanContext().traceId);
}

function startRequest(span: Span, identity: Identity): LocalRoot {
  if (state.activeRun !== undefined) span.setAttribute('mlflow.sourceRun', state.activeRun);
  return new LocalRoot(span, identity);
}

function mlflowId(traceId: string): string {
  return `tr-${traceId}`;
}
