import { type Attributes, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { columnText, firstString, truncate, withPrefix } from '../../common/text.js';
import { nanoseconds } from '../../common/time.js';
import {
  CLIENT_REQUEST_ID,
  LIMITS,
  LINKED_PROMPTS,
  mlflowTraceId,
  SCHEMA_VERSION,
  SERVER_TAGS,
  SESSION,
  SOURCE_RUN,
  TRACE_METADATA_PREFIX,
  TRACE_NAME,
  TRACE_STATE,
  TRACE_TAG_PREFIX,
  USER,
} from '../../mlflow/names.js';
import { optional } from '../../mlflow/rest.js';
import { experimentLocation, recordTimes } from '../../mlflow/traces.js';
import type { TraceState, WireTraceInfo } from '../../mlflow/wire-types.js';
import { copySpan, type PlacedSpan } from '../span/span.js';
import { type RecordFacts, SESSION_KEYS, USER_KEY } from './facts.js';
import { requestPreview, responsePreview } from './previews.js';

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

/** The part of a span that a record depends on. */
export type RecordSource = Pick<
  PlacedSpan,
  'name' | 'attributes' | 'status' | 'startTime' | 'endTime' | 'spanContext' | 'leftOutRoot'
> & { resource: Pick<ReadableSpan['resource'], 'attributes'> };

const REQUEST_PREVIEW = 'mlflow.traceRequestPreview';
const RESPONSE_PREVIEW = 'mlflow.traceResponsePreview';
const MODEL_ID = 'mlflow.modelId';
const SMALL_KEYS = new Set([
  REQUEST_PREVIEW,
  RESPONSE_PREVIEW,
  CLIENT_REQUEST_ID,
  MODEL_ID,
  SOURCE_RUN,
  TRACE_STATE,
  USER_KEY,
  ...SESSION_KEYS,
]);

/** A span without its content, to keep until its record is built. The record is the same. */
export function withoutSpanContent(span: PlacedSpan): RecordSource {
  const { name, status, startTime, endTime, resource, attributes, leftOutRoot } = span;
  const kept: Attributes = {};
  for (const key in attributes) {
    const isKept = SMALL_KEYS.has(key) || key.startsWith(TRACE_TAG_PREFIX) || key.startsWith(TRACE_METADATA_PREFIX);
    if (isKept) kept[key] = attributes[key];
  }
  const request = ownRequestPreview(attributes);
  const response = ownResponsePreview(attributes);
  if (request !== undefined) kept[REQUEST_PREVIEW] = truncate(request, LIMITS.preview);
  if (response !== undefined) kept[RESPONSE_PREVIEW] = truncate(response, LIMITS.preview);
  const context = span.spanContext();
  return {
    ...{ name, status, startTime, endTime, resource, attributes: kept, spanContext: () => context },
    ...optional('leftOutRoot', leftOutRoot),
  };
}

/** A record with all that this package knows of a trace. */
export type TraceRecord = WireTraceInfo & Required<Pick<WireTraceInfo, 'trace_metadata' | 'tags'>>;

/** Builds the record of the trace with this root. */
export function buildRecord(root: RecordSource, facts: Readonly<RecordFacts>, context: RecordContext): TraceRecord {
  const { attributes } = root;
  const request = ownRequestPreview(attributes) ?? facts.firstRequest?.text;
  const response = ownResponsePreview(attributes) ?? facts.lastResponse?.text;
  const clientRequestId = columnText(attributes[CLIENT_REQUEST_ID], LIMITS.clientRequestId);
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
 * One record for a trace that has several spans without a parent here. The earlier one wins. Only a part of the same
 * request, whose root was left out, adds to it.
 *
 * @param times start and end of them all, in nanoseconds of the epoch
 * @param isSame whether they are parts of one request
 */
export function joinRecords(
  earlier: TraceRecord,
  later: TraceRecord,
  { start, end }: { start: bigint; end: bigint },
  isSame: boolean,
): TraceRecord {
  const { [LINKED_PROMPTS]: prompts } = later.tags;
  return {
    ...(isSame ? { ...later, ...earlier, ...optional('response_preview', later.response_preview) } : earlier),
    ...recordTimes(start, end),
    state: earlier.state === 'ERROR' ? 'ERROR' : later.state,
    trace_metadata: { ...(isSame ? later.trace_metadata : {}), ...earlier.trace_metadata },
    tags: { ...(isSame ? later.tags : {}), ...earlier.tags, ...optional(LINKED_PROMPTS, prompts) },
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
export function traceState({ attributes, status }: Pick<RecordSource, 'attributes' | 'status'>): TraceState {
  const { [TRACE_STATE]: own } = attributes;
  if (own === 'OK' || own === 'ERROR') return own;
  // As on the server, UNSET counts as OK: many applications never call setStatus.
  return status.code === SpanStatusCode.ERROR ? 'ERROR' : 'OK';
}

function ownRequestPreview(attributes: Attributes): string | undefined {
  return firstString(attributes, REQUEST_PREVIEW) ?? requestPreview(attributes);
}

function ownResponsePreview(attributes: Attributes): string | undefined {
  return firstString(attributes, RESPONSE_PREVIEW) ?? responsePreview(attributes);
}

/** The name that the application set, or that of the root span. */
export function traceName(root: RecordSource): string {
  return truncate(firstString(root.attributes, `${TRACE_TAG_PREFIX}${TRACE_NAME}`) ?? root.name, LIMITS.traceName);
}

/** A copy of the root that carries the name of its trace, for a trace that gets no record. */
export function withTraceName(root: ReadableSpan): ReadableSpan {
  return copySpan(root, {
    attributes: { ...root.attributes, [`${TRACE_TAG_PREFIX}${TRACE_NAME}`]: traceName(root) },
  });
}

/** Tags that the application set on the root span, without the name. */
export function traceTags(root: Pick<RecordSource, 'attributes'>): Record<string, string> {
  const tags = bounded(withPrefix(root.attributes, TRACE_TAG_PREFIX), LIMITS.tagValue);
  for (const key of [TRACE_NAME, ...SERVER_TAGS]) delete tags[key];
  return tags;
}

function promptTag({ prompts }: RecordFacts): Record<string, string> {
  if (prompts === undefined) return {};
  const kept: string[] = [];
  let length = '[]'.length;
  for (const prompt of prompts.values()) {
    const json = JSON.stringify(prompt);
    length += json.length + (kept.length === 0 ? 0 : 1);
    // A text that is cut in the middle would not be JSON any more.
    if (length > LIMITS.shownTagValue) break;
    kept.push(json);
  }
  return { [LINKED_PROMPTS]: `[${kept.join(',')}]` };
}

function buildMetadata(root: RecordSource, facts: RecordFacts, context: RecordContext): Record<string, string> {
  const { attributes, resource } = root;
  const model = firstString(attributes, MODEL_ID) ?? context.modelId;
  const run = firstString(attributes, SOURCE_RUN) ?? context.runId;
  const entries: Record<string, string | undefined> = {
    'mlflow.user': context.user,
    'mlflow.source.name': context.sourceName ?? columnText(resource.attributes['service.name']),
    'mlflow.source.type': 'LOCAL',
    ...context.git,
    ...withPrefix(attributes, TRACE_METADATA_PREFIX),
    ...(model === undefined ? {} : { [MODEL_ID]: model }),
    ...(run === undefined ? {} : { [SOURCE_RUN]: run }),
    ...(facts.sessionId === undefined ? {} : { [SESSION]: facts.sessionId }),
    ...(facts.userId === undefined ? {} : { [USER]: facts.userId }),
    [SCHEMA_VERSION]: '3',
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
