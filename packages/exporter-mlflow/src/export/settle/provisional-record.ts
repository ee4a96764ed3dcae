import { PROVISIONAL, SCHEMA_VERSION } from '../../mlflow/names.js';
import { recordTimes } from '../../mlflow/traces.js';
import type { MlflowSpan } from '../../mlflow/types.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import {
  identityOf,
  isSameIdentity,
  observeRequest,
  observeSpan,
  type RequestFacts,
  type TraceFacts,
} from '../trace/facts.js';
import { buildRecord, type RecordContext, type RecordSource, type TraceRecord, traceState } from '../trace/record.js';
import { isBefore, joinOrphans, type Orphans, type Topmost } from '../trace/topmost.js';
import type { Trace } from '../trace/trace.js';
import { storedRoot } from './correct.js';

const SECOND = 1_000_000_000n;

/** The record of a root whose span another process sent; undefined if there is none. */
export function rootRecord(
  { id, topmost }: Trace,
  spans: readonly MlflowSpan[],
  context: RecordContext,
): TraceRecord | undefined {
  const root = storedRoot(spans);
  if (root === undefined) return undefined;
  const source = asSource(root, id);
  const own = identityOf(source.attributes);
  const facts: TraceFacts = {};
  let first: RequestFacts = {};
  for (const span of spans) {
    if (topmost?.has(span.spanId)) continue;
    const observed = asSource(span, id);
    observeSpan(facts, observed);
    const each: RequestFacts = {};
    observeRequest(each, observed);
    if (each.firstRequest === undefined || !isSameIdentity(own, each)) continue;
    if (first.firstRequest === undefined || each.firstRequest.at < first.firstRequest.at) first = each;
  }
  // Stored spans do not show which of them belong to one request, so all is of one model call.
  return buildRecord(source, { ...facts, ...first, ...own }, context);
}

/**
 * Builds the record of a trace whose root did not arrive.
 *
 * @throws TypeError if no span arrived
 */
export function provisionalRecord(trace: Trace, { first, extent, tags }: Topmost, context: RecordContext): TraceRecord {
  if (first === undefined || extent === undefined) throw new TypeError('no span of the trace has arrived');
  const record = buildRecord(first, trace.factsOf(first), context);
  const { [SCHEMA_VERSION]: _, ...metadata } = record.trace_metadata;
  return {
    ...record,
    ...recordTimes(extent.start, extent.end),
    state: extent.isError ? 'ERROR' : 'OK',
    trace_metadata: { ...metadata, [PROVISIONAL]: 'true' },
    tags: { ...tags, ...record.tags },
  };
}

/** State and times of a trace with these topmost spans. */
export function extentOf(
  traceId: string,
  first: MlflowSpan,
  others: readonly MlflowSpan[],
): Pick<WireTraceInfo, 'request_time' | 'execution_duration' | 'state'> {
  const asOrphan = (span: MlflowSpan): Orphans => {
    const { parentSpanId, startTimeUnixNano: start, endTimeUnixNano: end = start } = span;
    return { parentSpanId, extent: { start, end, isError: traceState(asSource(span, traceId)) === 'ERROR' } };
  };
  const all = [first, ...others].map(asOrphan);
  const earliest = all.reduce((some, other) => (isBefore(other, some) ? other : some));
  const { start, end, isError } = joinOrphans(earliest, all);
  return { ...recordTimes(start, end), state: isError ? 'ERROR' : 'OK' };
}

/** A stored span as the source of a record. */
function asSource(span: MlflowSpan, traceId: string): RecordSource {
  const { name, ok, startTimeUnixNano: start, endTimeUnixNano: end = start, attributes } = span;
  const time = (nanoseconds: bigint): [number, number] => [Number(nanoseconds / SECOND), Number(nanoseconds % SECOND)];
  const context = { traceId, spanId: span.spanId, traceFlags: 1 };
  return {
    name,
    status: { code: ok ? 0 : 2 },
    startTime: time(start),
    endTime: time(end),
    resource: { attributes: {} },
    spanContext: () => context,
    // MLflow returns recorded JSON as the values that it stands for.
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
  };
}
