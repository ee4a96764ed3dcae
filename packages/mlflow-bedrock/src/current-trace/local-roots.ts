/**
 * Finds the local root of a span: the span above it whose parent is not in this process. Several requests of one trace
 * can run side by side, each below a local root of its own, so a trace id does not identify a request.
 */

import { type Context, type Span, trace } from '@opentelemetry/api';
import type { LocalRoot } from './local-root.js';
import { state } from './process-state.js';

/** The index holds about 150 bytes for each span. Beyond this number it forgets the oldest. */
const MAX_INDEXED_SPANS = 10_000;

/** Returns the local root of a span. Undefined if the span did not start here, or is not recorded. */
export function localRootOf(span: Pick<Span, 'spanContext'>): LocalRoot | undefined {
  const known = state.localRoots.get(span);
  if (known !== undefined) return known;
  // The application may have the span's context only, and some tracers return proxies of spans.
  const { traceId, spanId, isRemote } = span.spanContext();
  // With a remote parent, this process called itself: the id is that of the caller, which is another request.
  const found = isRemote ? undefined : state.bySpanId.get(spanId)?.deref();
  return found?.traceId === traceId ? found : undefined;
}

/** Returns the local root of the span in a context. Never that of another request with the same trace id. */
export function localRootIn(context: Context): LocalRoot | undefined {
  const span = trace.getSpan(context);
  return span && (localRootOf(span) ?? localRootAround(span, context));
}

/** Returns a context in which {@link localRootIn} finds the local root of a span, also below spans that are not known. */
export function withLocalRoot(context: Context, span: Span): Context {
  const root = localRootOf(span);
  return root === undefined ? context : context.setValue(state.contextKey, root);
}

/** Notes a span below a local root, or the local root itself. */
export function addSpan(span: Span, root: LocalRoot): void {
  const { spanId } = span.spanContext();
  state.localRoots.set(span, root);
  state.bySpanId.set(spanId, root.reference);
  root.running.add(spanId);
  if (state.bySpanId.size > MAX_INDEXED_SPANS) forgetOldest();
}

/** Notes the end of a span. Returns true if it is a local root that ended now. */
export function endSpan(span: Pick<Span, 'spanContext'>): boolean {
  const root = localRootOf(span);
  if (root === undefined) return false;
  const { spanId } = span.spanContext();
  const isRunning = root.running.delete(spanId);
  if (root.span === undefined) {
    state.bySpanId.delete(spanId);
    return false;
  }
  if (isRunning) root.ended.add(spanId);
  if (root.span.spanContext().spanId !== spanId) return false;
  root.span = undefined;
  for (const id of root.ended) state.bySpanId.delete(id);
  root.ended.clear();
  return true;
}

/**
 * Without a `CurrentTraceProcessor`, spans of other instrumentations are not known, so the traced function around them
 * counts. A span that is not recorded may belong to another request.
 */
function localRootAround(span: Span, context: Context): LocalRoot | undefined {
  if (!span.isRecording()) return undefined;
  const { parentSpanContext: parent } = span as { parentSpanContext?: { isRemote?: boolean } };
  if (parent?.isRemote === true) return undefined;
  const around = context.getValue(state.contextKey) as LocalRoot | undefined;
  return around?.traceId === span.spanContext().traceId ? around : undefined;
}

function forgetOldest(): void {
  const [oldest] = state.bySpanId;
  if (oldest === undefined) return;
  const [spanId, reference] = oldest;
  state.bySpanId.delete(spanId);
  const root = reference.deref();
  root?.running.delete(spanId);
  root?.ended.delete(spanId);
}
