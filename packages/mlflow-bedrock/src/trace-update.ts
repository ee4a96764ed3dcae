import { type Attributes, diag, type Span, trace } from '@opentelemetry/api';
import { openTraceOf } from './current-trace.js';
import { type Identity, identityAttributes } from './identity.js';

/** What {@link updateCurrentTrace} says about a trace; what is left out stays as it is. */
export interface TraceUpdate extends Identity {
  /** Shown in MLflow's list of traces, and changeable there. */
  tags?: Readonly<Record<string, string>> | undefined;
  /** As tags, but fixed once the trace is recorded. */
  metadata?: Readonly<Record<string, string>> | undefined;
  /** The application's own id of the request. */
  clientRequestId?: string | undefined;
  /** Shown as the request in MLflow's list of traces, in place of the root span's input. */
  requestPreview?: string | undefined;
  /** Shown as the response, in place of the root span's output. */
  responsePreview?: string | undefined;
}

/**
 * Says something about the trace that this code runs in, however deep below its root. Session and user also go onto the
 * active span and onto those that start later, so they count where the root is in another service; all else is written
 * on the root of this process. With the option `propagateSession` they also reach the services called from now on. Of two calls the later one wins. Outside of a trace it does nothing but warn through
 * `diag`; in a trace that is not sampled it does nothing.
 */
export function updateCurrentTrace(update: TraceUpdate): void {
  try {
    const active = trace.getActiveSpan();
    if (active === undefined) {
      diag.warn('mlflow-bedrock: updateCurrentTrace() was called outside of a trace; call it inside a traced function');
      return;
    }
    apply(update, active);
  } catch (error) {
    diag.warn('mlflow-bedrock: updateCurrentTrace() failed; the trace stays as it was', error);
  }
}

function apply(update: TraceUpdate, active: Span): void {
  if (!active.isRecording()) return;
  const open = openTraceOf(active);
  if (open !== undefined) {
    if (update.sessionId !== undefined) open.sessionId = update.sessionId;
    if (update.userId !== undefined) open.userId = update.userId;
  }
  active.setAttributes(identityAttributes(update));
  // Without an open trace the active span is the only one there is to write on.
  (open?.root ?? active).setAttributes({ ...identityAttributes(update), ...rootAttributes(update) });
}

function rootAttributes({ tags, metadata, clientRequestId, requestPreview, responsePreview }: TraceUpdate): Attributes {
  return defined({
    ...prefixed('mlflow.traceTag.', tags),
    ...prefixed('mlflow.traceMetadata.', metadata),
    'mlflow.clientRequestId': clientRequestId,
    'mlflow.traceRequestPreview': requestPreview,
    'mlflow.traceResponsePreview': responsePreview,
  });
}

function prefixed(prefix: string, entries: Readonly<Record<string, string>> = {}): Attributes {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [`${prefix}${key}`, value]));
}

function defined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
