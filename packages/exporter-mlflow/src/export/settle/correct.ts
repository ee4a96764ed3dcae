import { truncate } from '../../common/text.js';
import type { Failure } from '../../http/exchange/outcome.js';
import { type Totals, totalsMetadata } from '../../mlflow/figures.js';
import { CLIENT_REQUEST_ID, LIMITS, PROVISIONAL, SCHEMA_VERSION } from '../../mlflow/names.js';
import { failureOf, optional, type Rest } from '../../mlflow/rest.js';
import { experimentLocation, formatDuration, postRecord, recordTimes } from '../../mlflow/traces.js';
import type { MlflowSpan, MlflowTraceInfo } from '../../mlflow/types.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import { sumUp } from '../trace/totals.js';
import type { Trace } from '../trace/trace.js';
import { fetchStored } from './stored.js';

const HUNDRED_MILLIONTH = 1e-8;
const MAX_ATTEMPTS = 3;

/**
 * Repeats a record with the totals of the trace. The first record froze them: they change only if the record comes again
 * and names them. The times become those of the root again, because late spans may have stretched the trace.
 */
export async function correct(trace: Trace, record: WireTraceInfo, rest: Rest): Promise<Failure | undefined> {
  const stored = await fetchStored(trace, rest);
  if (stored.kind !== 'success') return stored;
  return failureOf(await postRecord(rest, withTotals(record, sumUp(stored.value.spans))));
}

/**
 * Corrects the stored record if its totals or its times are wrong, also that of another process. Other processes may do
 * so at the same time with fewer spans, so it looks again afterwards.
 */
export async function correctStored(
  trace: Trace,
  rest: Rest,
  attempts: number = MAX_ATTEMPTS,
): Promise<Failure | undefined> {
  const stored = await fetchStored(trace, rest);
  if (stored.kind !== 'success') return stored;
  const { info, spans } = stored.value;
  trace.sawRootSpan(storedRoot(spans) !== undefined);
  const totals = sumUp(spans);
  const record = storedRecord(info, spans);
  const isMarked = info.metadata[PROVISIONAL] === 'true' && info.metadata[SCHEMA_VERSION] !== undefined;
  if (!isMarked && hasTotals(info, totals) && hasTimes(info, record)) return undefined;
  const mark = isMarked ? { trace_metadata: { [PROVISIONAL]: 'false' } } : {};
  const failure = failureOf(await postRecord(rest, withTotals({ ...record, ...mark }, totals)));
  return failure === undefined && attempts > 1 ? correctStored(trace, rest, attempts - 1) : failure;
}

/** The record with the totals among its metadata. */
export function withTotals(record: WireTraceInfo, totals: Totals): WireTraceInfo {
  return { ...record, trace_metadata: { ...record.trace_metadata, ...totalsMetadata(totals) } };
}

/** The stored record without its content, with the times of its root if that is among the spans. */
export function storedRecord(info: MlflowTraceInfo, spans: readonly MlflowSpan[]): WireTraceInfo {
  const { durationMillis } = info;
  const root = storedRoot(spans);
  // A provisional record that another process sent at the same time may have erased it.
  const clientRequestId = info.clientRequestId ?? requestIdOf(root);
  const times =
    root?.startTimeUnixNano && root.endTimeUnixNano ? recordTimes(root.startTimeUnixNano, root.endTimeUnixNano) : {};
  return {
    trace_id: info.traceId,
    trace_location: experimentLocation(info.experimentId),
    request_time: info.requestTime.toISOString(),
    state: info.state,
    ...optional('execution_duration', durationMillis === undefined ? undefined : formatDuration(durationMillis)),
    ...optional('client_request_id', clientRequestId),
    ...times,
  };
}

/** The span without a parent; undefined if it has not arrived. */
export function storedRoot(spans: readonly MlflowSpan[]): MlflowSpan | undefined {
  return spans.find(({ parentSpanId }) => parentSpanId === undefined);
}

function requestIdOf(root: MlflowSpan | undefined): string | undefined {
  const { [CLIENT_REQUEST_ID]: id } = root?.attributes ?? {};
  return typeof id === 'string' && id !== '' ? truncate(id, LIMITS.clientRequestId) : undefined;
}

function hasTotals({ tokenUsage, cost }: MlflowTraceInfo, totals: Totals): boolean {
  const has = totalsMetadata({ tokenUsage });
  const wants = totalsMetadata({ tokenUsage: totals.tokenUsage });
  const costs = [cost, totals.cost].map((each) => each?.totalCost ?? 0) as [number, number];
  return JSON.stringify(has) === JSON.stringify(wants) && Math.abs(costs[0] - costs[1]) < HUNDRED_MILLIONTH;
}

function hasTimes({ requestTime, durationMillis }: MlflowTraceInfo, record: WireTraceInfo): boolean {
  const has = optional('execution_duration', durationMillis === undefined ? undefined : formatDuration(durationMillis));
  return requestTime.toISOString() === record.request_time && has.execution_duration === record.execution_duration;
}
