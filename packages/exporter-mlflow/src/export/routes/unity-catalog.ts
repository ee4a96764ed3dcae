import { type Attributes, SpanStatusCode } from '@opentelemetry/api';
import { quoteUnsafeIntegers } from '../../common/integers.js';
import { parseJson } from '../../common/json.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { earlier, later, nanoseconds } from '../../common/time.js';
import { type Failure, OUT_OF_TIME } from '../../http/exchange/outcome.js';
import { totalsMetadata } from '../../mlflow/figures.js';
import { SCHEMA_VERSION, SPAN_TYPE } from '../../mlflow/names.js';
import { failureOf, type Rest } from '../../mlflow/rest.js';
import { type CatalogSchema, catalogOtlp, catalogTraceId, postCatalogRecord } from '../../mlflow/unity-catalog.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import type { Settling } from '../settle/settle.js';
import { withMlflowAttributes } from '../span/conventions/mlflow-attributes.js';
import { copySpan, isRoot, localRootId } from '../span/span.js';
import { readSpanFigures, type SpanFigures } from '../span/span-figures.js';
import { buildRecord, joinRecords, type RecordContext } from '../trace/record.js';
import { sumUp } from '../trace/totals.js';
import type { SentRecord, Trace } from '../trace/trace.js';
import type { SpanRoute } from './span-route.js';

/** How spans get to tables of Unity Catalog, where nothing is translated, computed or corrected. */
export function catalogRoute(schema: CatalogSchema): SpanRoute {
  return {
    otlp: catalogOtlp(schema, (span) => translate(span, schema)),
    createSettling: (program) => createCatalogSettling(schema, program),
  };
}

/** The span as Python's client sends it: with MLflow's own attributes, and with values in place of their JSON. */
function translate(span: ReadableSpan, schema: CatalogSchema): ReadableSpan {
  const values: Record<string, unknown> = { [SPAN_TYPE]: 'UNKNOWN', ...withMlflowAttributes(span) };
  for (const [key, value] of Object.entries(values)) if (key.startsWith('mlflow.')) values[key] = unwrap(value);
  values['mlflow.traceRequestId'] = catalogTraceId(schema, span.spanContext().traceId);
  // MLflow's servers and files also take UNSET for OK, because many applications never call setStatus.
  const status = span.status.code === SpanStatusCode.UNSET ? { ...span.status, code: SpanStatusCode.OK } : span.status;
  // The types of OpenTelemetry leave out maps, which OTLP has.
  return copySpan(span, { status, attributes: values as Attributes });
}

/** The value of a JSON list, map or string. Any other value stays as it is, also a text that is a bare number or word. */
function unwrap(value: unknown): unknown {
  const isJson = typeof value === 'string' && /^\s*["[{]/.test(value);
  return isJson ? (parseJson(quoteUnsafeIntegers(value)) ?? value) : value;
}

/**
 * Writes one record for each trace, when its root has arrived. It is unknown what a second record does there, so this
 * process corrects no record, and the totals lack spans that come later. If the root is in another service, that service
 * writes the record.
 */
function createCatalogSettling(schema: CatalogSchema, program: Omit<RecordContext, 'experimentId'>): Settling {
  // The server computes no totals.
  const figures = new WeakMap<Trace, Map<string, SpanFigures>>();
  return {
    uploading(trace, spans) {
      if (trace.record.kind !== 'none') return;
      const known = figures.get(trace) ?? new Map<string, SpanFigures>();
      figures.set(trace, known);
      for (const span of spans) known.set(span.spanContext().spanId, readSpanFigures(span));
    },
    ahead: async () => undefined,
    uploaded: ({ trace, spans, experimentId }, rest) =>
      trace.inTurn(rest.limit, async (inTime) => {
        if (!inTime) return OUT_OF_TIME;
        const [root, ...others] = spans.filter(isRoot);
        if (root === undefined || trace.record.kind !== 'none') return undefined;
        const record = recordOf(root, others, trace, { ...program, experimentId });
        const totals = totalsMetadata(sumUp([...(figures.get(trace)?.values() ?? [])]));
        const failure = await send(record, totals, trace, schema, rest);
        if (failure === undefined) figures.delete(trace);
        return failure;
      }),
    withoutRoot: async () => undefined,
  };
}

function recordOf(
  root: ReadableSpan,
  others: readonly ReadableSpan[],
  trace: Trace,
  context: RecordContext,
): SentRecord {
  const record: SentRecord = {
    kind: 'sent',
    info: buildRecord(root, trace.factsOf(root), context),
    localRootId: localRootId(root),
    start: nanoseconds(root.startTime),
    end: nanoseconds(root.endTime),
  };
  for (const other of others) {
    record.start = earlier(record.start, nanoseconds(other.startTime));
    record.end = later(record.end, nanoseconds(other.endTime));
    const info = buildRecord(other, trace.factsOf(other), context);
    record.info = joinRecords(record.info, info, record, localRootId(other) === record.localRootId);
  }
  return record;
}

function send(
  record: SentRecord,
  totals: Record<string, string>,
  trace: Trace,
  schema: CatalogSchema,
  rest: Rest,
): Promise<Failure | undefined> {
  const info: WireTraceInfo = {
    ...record.info,
    trace_metadata: { ...record.info.trace_metadata, ...totals, [SCHEMA_VERSION]: '4' },
  };
  return trace.recording(record, async () => failureOf(await postCatalogRecord(rest, schema, trace.id, info)));
}
