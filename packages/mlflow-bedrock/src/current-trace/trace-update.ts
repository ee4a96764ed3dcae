import { type Attributes, context, type Span, trace } from '@opentelemetry/api';
import { warn, warnOfErrorOnce } from '../common/warn.js';
import { type Identity, identityAttributes } from './identity.js';
import { localRootIn } from './local-roots.js';

/** A change of a trace by {@link updateCurrentTrace}. A property that is not set stays as it is. */
export interface TraceUpdate extends Omit<Identity, 'sessionId'> {
  /**
   * The conversation. MLflow groups traces by it. A list is a session of several levels, outermost first, which MLflow
   * 3.18 knows: `['trip-2', 'leg-1']`.
   */
  sessionId?: string | readonly string[] | undefined;
  /** Shown in MLflow's list of traces. People can change them there. */
  tags?: Readonly<Record<string, string>> | undefined;
  /** Like tags, but MLflow does not change them once the trace is recorded. */
  metadata?: Readonly<Record<string, string>> | undefined;
  /** The application's own id of the request. */
  clientRequestId?: string | undefined;
  /** Shown as the request in MLflow's list of traces. Default: the root span's input. */
  requestPreview?: string | undefined;
  /** Shown as the response in MLflow's list of traces. Default: the root span's output. */
  responsePreview?: string | undefined;
  /** State of the trace. It leaves the status of all spans as it is. Default: the status of the root span. */
  state?: 'OK' | 'ERROR' | undefined;
  /** Id of the logged model that the trace belongs to. Default: `MLFLOW_ACTIVE_MODEL_ID`. */
  modelId?: string | undefined;
}

/**
 * Sets session, user, tags and more of the trace that this code runs in, however deep below its root. The later of two
 * calls wins. Call it before the trace ends.
 *
 * Session and user are set on the local root, on the active span and on spans below the local root that start later. So
 * they count even if the root of the trace is in another service. Everything else is set on the local root. Other
 * requests with the same trace id stay as they are. With the option `propagateSession`, later requests to other services
 * carry session and user.
 *
 * Never throws. Outside of a trace it warns through `diag`. In a trace that is not sampled it does nothing.
 */
export function updateCurrentTrace(update: TraceUpdate): void {
  try {
    const active = trace.getActiveSpan();
    if (active === undefined) {
      warn('updateCurrentTrace() was called outside of a trace; call it inside a traced function');
      return;
    }
    apply(update, active);
  } catch (error) {
    warnOfErrorOnce('updateCurrentTrace() failed; the trace stays as it was', error);
  }
}

function apply(update: TraceUpdate, active: Span): void {
  const root = localRootIn(context.active());
  // A copy of a span does not record, but its request is known.
  if (root === undefined && !active.isRecording()) return;
  const sessionId = sessionText(update.sessionId);
  const { userId } = update;
  if (root !== undefined) {
    if (sessionId !== undefined) root.sessionId = sessionId;
    if (userId !== undefined) root.userId = userId;
  }
  const identity = identityAttributes({ sessionId, userId });
  active.setAttributes(identity);
  // Once the local root ended, only the active span can be written.
  (root?.span ?? active).setAttributes({ ...identity, ...rootAttributes(update) });
}

/** A list as the JSON that Python's client writes. */
function sessionText(sessionId: TraceUpdate['sessionId']): string | undefined {
  // An application in JavaScript may pass null.
  if (typeof sessionId !== 'object' || sessionId === null) return sessionId ?? undefined;
  if (sessionId.length > 0 && sessionId.every((level) => typeof level === 'string')) return JSON.stringify(sessionId);
  warn('updateCurrentTrace(): sessionId must be a text or a list of at least one text; the session stays as it was');
  return undefined;
}

function rootAttributes(update: TraceUpdate): Attributes {
  return defined({
    ...prefixed('mlflow.traceTag.', update.tags),
    ...prefixed('mlflow.traceMetadata.', update.metadata),
    'mlflow.clientRequestId': update.clientRequestId,
    'mlflow.traceRequestPreview': update.requestPreview,
    'mlflow.traceResponsePreview': update.responsePreview,
    'mlflow.traceState': validState(update.state),
    'mlflow.modelId': update.modelId || undefined,
  });
}

function validState(state: TraceUpdate['state']): TraceUpdate['state'] {
  if (state === undefined || state === 'OK' || state === 'ERROR') return state;
  // Another text can be content.
  const shown = typeof state === 'string' && /^\w{1,30}$/.test(state) ? `"${state}"` : `this ${typeof state}`;
  warn(`updateCurrentTrace(): state must be OK or ERROR, not ${shown}; the state stays as it was`);
  return undefined;
}

function prefixed(prefix: string, entries: Readonly<Record<string, string>> = {}): Attributes {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [`${prefix}${key}`, value]));
}

function defined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
