import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '../common/sdk-types.js';
import { attributeText, firstString, truncate, withPrefix } from '../common/text.js';
import type { WireTraceInfo, WireTraceLocation } from '../mlflow/wire-types.js';
import { LIMITS } from './limits.js';
import { LINKED_PROMPTS } from './linked-prompts.js';
import { requestPreview, responsePreview } from './previews.js';
import { copySpan } from './span-copy.js';
import { nanoseconds } from './time.js';
import { type Cost, type TokenUsage, toWireCost, toWireTokenUsage } from './totals.js';
import type { TraceFacts } from './trace-facts.js';

const TAG_PREFIX = 'mlflow.traceTag.';
const METADATA_PREFIX = 'mlflow.traceMetadata.';
const NAME_TAG = 'mlflow.traceName';
const SESSION = 'mlflow.trace.session';
// The server's own bookkeeping: with a client's value it would look for the spans in the wrong place.
const SERVER_TAGS = ['mlflow.trace.spansLocation', 'mlflow.artifactLocation'];

/** What the record says about where the trace was made. */
export interface RecordContext {
  experimentId: string;
  runId: string | undefined;
  /** The program: `mlflow.source.name`. */
  sourceName: string | undefined;
  /** Who runs it: `mlflow.user`. */
  user: string | undefined;
  /** The logged model that the traces belong to: `mlflow.modelId`. */
  modelId?: string | undefined;
  /** Branch, commit and address of the program's repository. */
  git?: Readonly<Record<string, string>>;
}

/** The record of the trace that `root` is the root of. */
export function buildTraceInfo(root: ReadableSpan, facts: TraceFacts, context: RecordContext): WireTraceInfo {
  const { attributes } = root;
  const request =
    firstString(attributes, 'mlflow.traceRequestPreview') ?? requestPreview(attributes) ?? facts.firstRequest?.text;
  const response =
    firstString(attributes, 'mlflow.traceResponsePreview') ?? responsePreview(attributes) ?? facts.lastResponse?.text;
  const clientRequestId = attributeText(attributes['mlflow.clientRequestId']);
  return {
    trace_id: mlflowTraceId(root),
    trace_location: experimentLocation(context.experimentId),
    ...recordTimes(nanoseconds(root.startTime), nanoseconds(root.endTime)),
    // A trace whose code never called setStatus went well: UNSET counts as OK, as on the server.
    state: root.status.code === SpanStatusCode.ERROR ? 'ERROR' : 'OK',
    ...(clientRequestId === undefined ? {} : { client_request_id: truncate(clientRequestId, LIMITS.clientRequestId) }),
    ...(request === undefined ? {} : { request_preview: truncate(request, LIMITS.preview) }),
    ...(response === undefined ? {} : { response_preview: truncate(response, LIMITS.preview) }),
    trace_metadata: buildMetadata(root, facts, context),
    tags: { ...traceTags(root), ...promptTag(facts), [NAME_TAG]: traceName(root) },
  };
}

/**
 * One record for a trace that has several spans without a parent here: a service that is called more than once under
 * a trace of which it sees nothing else.
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

export function mlflowTraceId(span: ReadableSpan): string {
  return `tr-${span.spanContext().traceId}`;
}

export function experimentLocation(experimentId: string): WireTraceLocation {
  return { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experimentId } };
}

/** The wish of the application, or the name of the root span. */
export function traceName(root: ReadableSpan): string {
  return truncate(firstString(root.attributes, `${TAG_PREFIX}${NAME_TAG}`) ?? root.name, LIMITS.traceName);
}

/** A copy of the root that carries the name of its trace, for servers that get no record to say it. */
export function withTraceName(root: ReadableSpan): ReadableSpan {
  return copySpan(root, { attributes: { ...root.attributes, [`${TAG_PREFIX}${NAME_TAG}`]: traceName(root) } });
}

/** Tags that the application set on the root span, without the name. */
export function traceTags(root: ReadableSpan): Record<string, string> {
  const tags = bounded(withPrefix(root.attributes, TAG_PREFIX), LIMITS.tagValue);
  for (const key of [NAME_TAG, ...SERVER_TAGS]) delete tags[key];
  return tags;
}

function promptTag({ prompts }: TraceFacts): Record<string, string> {
  if (prompts === undefined) return {};
  let kept = prompts;
  // Cut in the middle, it would be no JSON any more.
  while (JSON.stringify(kept).length > LIMITS.shownTagValue) kept = kept.slice(0, -1);
  return { [LINKED_PROMPTS]: JSON.stringify(kept) };
}

/** Totals for a record that is sent again; the server takes them for those of the whole trace. */
export function totalsMetadata(usage: TokenUsage | undefined, cost: Cost | undefined): Record<string, string> {
  return {
    ...(usage === undefined ? {} : { 'mlflow.trace.tokenUsage': JSON.stringify(toWireTokenUsage(usage)) }),
    ...(cost === undefined ? {} : { 'mlflow.trace.cost': JSON.stringify(toWireCost(cost)) }),
  };
}

function buildMetadata(root: ReadableSpan, facts: TraceFacts, context: RecordContext): Record<string, string> {
  const serviceName = attributeText(root.resource.attributes['service.name']);
  const run = firstString(root.attributes, 'mlflow.sourceRun') ?? context.runId;
  const source = context.sourceName ?? serviceName;
  const model = firstString(root.attributes, 'mlflow.modelId') ?? context.modelId;
  const entries: Record<string, string | undefined> = {
    'mlflow.user': context.user,
    'mlflow.source.name': source,
    'mlflow.source.type': 'LOCAL',
  };
  Object.assign(entries, context.git, withPrefix(root.attributes, METADATA_PREFIX));
  if (model !== undefined) entries['mlflow.modelId'] = model;
  if (run !== undefined) entries['mlflow.sourceRun'] = run;
  if (facts.sessionId !== undefined) entries[SESSION] = facts.sessionId;
  if (facts.userId !== undefined) entries['mlflow.trace.user'] = facts.userId;
  entries['mlflow.trace_schema.version'] = '3';
  const metadata = bounded(entries, LIMITS.metadataValue);
  // The application may have named its session itself.
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

/** Times of a record from nanoseconds of the epoch: RFC 3339 and a protobuf duration, in milliseconds as the server keeps. */
export function recordTimes(start: bigint, end: bigint): Pick<WireTraceInfo, 'request_time' | 'execution_duration'> {
  return {
    request_time: new Date(Number(start / 1_000_000n)).toISOString(),
    execution_duration: `${(Number(end - start) / 1_000_000_000).toFixed(3)}s`,
  };
}
