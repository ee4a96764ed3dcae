import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { columnText, firstString, truncate, withPrefix } from '../../common/text.js';
import { nanoseconds } from '../../common/time.js';
import {
  LIMITS,
  LINKED_PROMPTS,
  mlflowTraceId,
  SERVER_TAGS,
  SESSION,
  SOURCE_RUN,
  TRACE_METADATA_PREFIX,
  TRACE_NAME,
  TRACE_STATE,
  TRACE_TAG_PREFIX,
  USER,
} from '../../mlflow/names.js';
import { experimentLocation, recordTimes } from '../../mlflow/traces.js';
import type { TraceState, WireTraceInfo } from '../../mlflow/wire-types.js';
import { copySpan } from '../span/span.js';
import { requestPreview, responsePreview } from './previews.js';
import type { TraceFacts } from './trace.js';

/** What a record takes from the program that made the trace. */
export interface RecordContext {
  experimentId: string;
  runId: string | undefined;
  /** The program: `mlflow.source.name`. Default: the name of the service. */
  sourceName: string | undefined;
  /** The user that runs it: `mlflow.user`. */
  user: string | undefined;
  /** The logged model that the traces belong to: `mlflow.modelId`. */
  modelId?: string | undefined;
  /** Branch, commit and address of the program's repository, as metadata. */
  git?: Readonly<Record<string, string>>;
}

/** Builds the record of the trace with this root. */
export function buildRecord(root: ReadableSpan, facts: Readonly<TraceFacts>, context: RecordContext): WireTraceInfo {
  const { attributes } = root;
  const request =
    firstString(attributes, 'mlflow.traceRequestPreview') ?? requestPreview(attributes) ?? facts.firstRequest?.text;
  const response =
    firstString(attributes, 'mlflow.traceResponsePreview') ?? responsePreview(attributes) ?? facts.lastResponse?.text;
  const clientRequestId = columnText(attributes['mlflow.clientRequestId'], LIMITS.clientRequestId);
  return {
    trace_id: mlflowTraceId(root.spanContext().traceId),
    trace_location: experimentLocation(context.experimentId),
    ...recordTimes(nanoseconds(root.startTime), nanoseconds(root.endTime)),
    state: traceState(root),
    ...(clientRequestId === undefined ? {} : { client_request_id: clientRequestId }),
    ...(request === undefined ? {} : { request_preview: truncate(request, LIMITS.preview) }),
    ...(response === undefined ? {} : { response_preview: truncate(response, LIMITS.preview) }),
    trace_metadata: buildMetadata(root, facts, context),
    tags: { ...traceTags(root), ...promptTag(facts), [TRACE_NAME]: traceName(root) },
  };
}

/**
 * One record for a trace that has several spans without a parent here. This happens when a service is called more than
 * once under a trace of which it sees nothing else.
 *
 * @param times start and end of them all, in nanoseconds of the epoch
 */
export function joinRecords(
  earlier: WireTraceInfo,
  later: WireTraceInfo,
  { start, end }: { start: bigint; end: bigint },
): WireTraceInfo {
  return {
    ...earlier,
    ...later,
    ...recordTimes(start, end),
    state: earlier.state === 'ERROR' ? 'ERROR' : later.state,
    ...(earlier.client_request_id === undefined ? {} : { client_request_id: earlier.client_request_id }),
    ...(earlier.request_preview === undefined ? {} : { request_preview: earlier.request_preview }),
    trace_metadata: { ...later.trace_metadata, ...earlier.trace_metadata },
    tags: { ...later.tags, ...earlier.tags },
  };
}

/** What a repeated record must hold so that nothing is lost. The server keeps the rest as stored. */
export function withoutContent(info: WireTraceInfo): WireTraceInfo {
  const { trace_id, trace_location, request_time, execution_duration, state, client_request_id } = info;
  return {
    trace_id,
    trace_location,
    request_time,
    state,
    ...(execution_duration === undefined ? {} : { execution_duration }),
    ...(client_request_id === undefined ? {} : { client_request_id }),
  };
}

/** The state that the application set, or that of the root span. */
function traceState({ attributes, status }: ReadableSpan): TraceState {
  const { [TRACE_STATE]: own } = attributes;
  if (own === 'OK' || own === 'ERROR') return own;
  // As on the server, UNSET counts as OK: many applications never call setStatus.
  return status.code === SpanStatusCode.ERROR ? 'ERROR' : 'OK';
}

/** The name that the application set, or that of the root span. */
export function traceName(root: ReadableSpan): string {
  return truncate(firstString(root.attributes, `${TRACE_TAG_PREFIX}${TRACE_NAME}`) ?? root.name, LIMITS.traceName);
}

/** A copy of the root that carries the name of its trace, for a trace that gets no record. */
export function withTraceName(root: ReadableSpan): ReadableSpan {
  return copySpan(root, {
    attributes: { ...root.attributes, [`${TRACE_TAG_PREFIX}${TRACE_NAME}`]: traceName(root) },
  });
}

/** Tags that the application set on the root span, without the name. */
export function traceTags(root: ReadableSpan): Record<string, string> {
  const tags = bounded(withPrefix(root.attributes, TRACE_TAG_PREFIX), LIMITS.tagValue);
  for (const key of [TRACE_NAME, ...SERVER_TAGS]) delete tags[key];
  return tags;
}

function promptTag({ prompts }: TraceFacts): Record<string, string> {
  if (prompts === undefined) return {};
  let kept = prompts;
  // A text that is cut in the middle would not be JSON any more.
  while (JSON.stringify(kept).length > LIMITS.shownTagValue) kept = kept.slice(0, -1);
  return { [LINKED_PROMPTS]: JSON.stringify(kept) };
}

function buildMetadata(root: ReadableSpan, facts: TraceFacts, context: RecordContext): Record<string, string> {
  const { attributes, resource } = root;
  const model = firstString(attributes, 'mlflow.modelId') ?? context.modelId;
  const run = firstString(attributes, SOURCE_RUN) ?? context.runId;
  const entries: Record<string, string | undefined> = {
    'mlflow.user': context.user,
    'mlflow.source.name': context.sourceName ?? columnText(resource.attributes['service.name']),
    'mlflow.source.type': 'LOCAL',
    ...context.git,
    ...withPrefix(attributes, TRACE_METADATA_PREFIX),
    ...(model === undefined ? {} : { 'mlflow.modelId': model }),
    ...(run === undefined ? {} : { [SOURCE_RUN]: run }),
    ...(facts.sessionId === undefined ? {} : { [SESSION]: facts.sessionId }),
    ...(facts.userId === undefined ? {} : { [USER]: facts.userId }),
    'mlflow.trace_schema.version': '3',
  };
  const metadata = bounded(entries, LIMITS.metadataValue);
  // The application may have set the session as metadata of its own.
  const { [SESSION]: session } = metadata;
  if (session !== undefined) metadata[SESSION] = truncate(session, LIMITS.session);
  return metadata;
}

function bounded(entries: Record<string, string | undefined>, valueLimit: number): Record<string, string> {
  const fit: Record<string, string> = {};
  for (const key in entries) {
    const value = entries[key];
    if (value !== undefined) fit[truncate(key, LIMITS.key)] = truncate(value, valueLimit);
  }
  return fit;
}
