import { isRecord, parseJson } from '../common/json.js';
import { readCost, readTokenUsage } from '../export/totals.js';
import { parseAttributes, parseId } from '../mlflow/wire-parse.js';
import type {
  WireAssessment,
  WireExperiment,
  WireRun,
  WireSpan,
  WireTrace,
  WireTraceInfo,
} from '../mlflow/wire-types.js';
import type {
  MlflowAssessment,
  MlflowAssessmentInput,
  MlflowAssessmentSource,
  MlflowAssessmentUpdate,
  MlflowExperiment,
  MlflowRun,
  MlflowRunData,
  MlflowRunStatus,
  MlflowSpan,
  MlflowTrace,
  MlflowTraceInfo,
  MlflowTracePage,
} from './types.js';

/** Pure functions between MLflow's wire format and the types of the client. */

export function parseExperiment(experiment: WireExperiment): MlflowExperiment {
  return {
    experimentId: requireText(experiment.experiment_id),
    name: experiment.name,
    deleted: experiment.lifecycle_stage === 'deleted',
  };
}

export function parseTrace({ trace_info: info, spans = [] }: WireTrace): MlflowTrace {
  const parsed = spans.map(parseSpan);
  parsed.sort((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano));
  return { info: parseTraceInfo(info), spans: parsed };
}

export function parseTraceInfo(info: WireTraceInfo): MlflowTraceInfo {
  const { trace_metadata: metadata = {}, tags = {} } = info;
  return {
    traceId: requireText(info.trace_id),
    experimentId: info.trace_location.mlflow_experiment.experiment_id,
    name: tags['mlflow.traceName'] ?? '',
    state: info.state,
    requestTime: new Date(info.request_time),
    ...optional('durationMillis', parseDuration(info.execution_duration)),
    ...optional('requestPreview', info.request_preview),
    ...optional('responsePreview', info.response_preview),
    ...optional('clientRequestId', info.client_request_id),
    ...optional('sessionId', metadata['mlflow.trace.session']),
    ...optional('userId', metadata['mlflow.trace.user']),
    ...optional('runId', metadata['mlflow.sourceRun']),
    ...optional('tokenUsage', readTokenUsage(parseJson(metadata['mlflow.trace.tokenUsage'] ?? ''))),
    ...optional('cost', readCost(parseJson(metadata['mlflow.trace.cost'] ?? ''))),
    metadata,
    tags,
    assessments: (info.assessments ?? []).map(parseAssessment),
  };
}

function parseSpan(span: WireSpan): MlflowSpan {
  const attributes = parseAttributes(span.attributes);
  const { 'mlflow.spanType': type, 'mlflow.llm.model': model } = attributes;
  return {
    spanId: parseId(span.span_id),
    ...optional('parentSpanId', span.parent_span_id === undefined ? undefined : parseId(span.parent_span_id)),
    name: span.name,
    type: typeof type === 'string' ? type : 'UNKNOWN',
    startTimeUnixNano: BigInt(span.start_time_unix_nano ?? 0),
    ...optional('endTimeUnixNano', span.end_time_unix_nano === undefined ? undefined : BigInt(span.end_time_unix_nano)),
    ok: span.status?.code !== 'STATUS_CODE_ERROR',
    statusMessage: span.status?.message ?? '',
    attributes,
    events: (span.events ?? []).map((event) => ({
      name: event.name,
      timeUnixNano: BigInt(event.time_unix_nano ?? 0),
      attributes: parseAttributes(event.attributes),
    })),
    ...optional('inputs', attributes['mlflow.spanInputs']),
    ...optional('outputs', attributes['mlflow.spanOutputs']),
    ...optional('model', typeof model === 'string' ? model : undefined),
    ...optional('tokenUsage', readTokenUsage(attributes['mlflow.chat.tokenUsage'])),
    ...optional('cost', readCost(attributes['mlflow.llm.cost'])),
  };
}

export function parseAssessment(assessment: WireAssessment): MlflowAssessment {
  const { feedback, expectation, source } = assessment;
  return {
    assessmentId: assessment.assessment_id ?? '',
    name: assessment.assessment_name,
    kind: feedback === undefined ? 'expectation' : 'feedback',
    value: feedback?.value ?? expectation?.value ?? parseJson(expectation?.serialized_value?.value ?? 'null') ?? null,
    source: {
      type: (source?.source_type ?? 'CODE') as MlflowAssessmentSource['type'],
      ...optional('id', source?.source_id),
    },
    ...optional('rationale', assessment.rationale),
    ...optional('spanId', assessment.span_id),
    metadata: assessment.metadata ?? {},
  };
}

/** @throws when no MLflow server answers so: only what it leaves out when empty may be absent */
export function parseTracePage(answer: { traces?: WireTraceInfo[]; next_page_token?: string }): MlflowTracePage {
  const { traces, next_page_token: nextPageToken, ...rest } = answer;
  // Without any trace, MLflow answers "{}"; other servers like to say something.
  if (Object.keys(rest).length > 0 && traces === undefined) throw new TypeError('no traces');
  return { traces: (traces ?? []).map(parseTraceInfo), ...(nextPageToken ? { nextPageToken } : {}) };
}

export function buildAssessment(kind: MlflowAssessment['kind'], input: MlflowAssessmentInput): WireAssessment {
  const { name, value, source = { type: 'CODE' } } = input;
  return {
    assessment_name: name,
    source: { source_type: source.type, source_id: source.id ?? 'default' },
    ...buildValue(kind, value),
    ...optional('rationale', input.rationale),
    ...optional('span_id', input.spanId),
    ...optional('metadata', input.metadata),
  };
}

/** An update of what is given, and the names of it. */
export function buildAssessmentUpdate(
  kind: MlflowAssessment['kind'],
  { name, value, rationale, metadata }: MlflowAssessmentUpdate,
): { assessment: Partial<WireAssessment>; fields: string[] } {
  const assessment = {
    ...optional('assessment_name', name),
    ...(value === undefined ? {} : buildValue(kind, value)),
    ...optional('rationale', rationale),
    ...optional('metadata', metadata),
  };
  return { assessment, fields: Object.keys(assessment) };
}

function buildValue(kind: MlflowAssessment['kind'], value: unknown): Pick<WireAssessment, 'feedback' | 'expectation'> {
  if (kind === 'feedback') return { feedback: { value } };
  // The server keeps an expectation that is an object or a list only as text.
  const isComposite = isRecord(value) || Array.isArray(value);
  const serialized = { serialization_format: 'JSON_FORMAT', value: JSON.stringify(value) };
  return { expectation: isComposite ? { serialized_value: serialized } : { value } };
}

/** Requests that write all of it, each within the server's limits: 100 parameters, 100 tags, 1000 entries in all. */
export function buildRunBatches(
  runId: string,
  { params = {}, metrics = {}, tags = {}, step = 0 }: MlflowRunData,
  timestamp: number,
): object[] {
  const parts = {
    params: chunks(
      pairs(params).map(({ key, value }) => ({ key, value: String(value) })),
      100,
    ),
    tags: chunks(pairs(tags), 100),
    metrics: chunks(
      pairs(metrics).map(({ key, value }) => ({ key, value: metricValue(value), timestamp, step })),
      800,
    ),
  };
  const count = Math.max(parts.params.length, parts.tags.length, parts.metrics.length);
  return Array.from({ length: count }, (_, index) => ({
    run_id: runId,
    ...optional('params', parts.params[index]),
    ...optional('tags', parts.tags[index]),
    ...optional('metrics', parts.metrics[index]),
  }));
}

/** JSON has no NaN and no Infinity; protobuf writes them as text. */
function metricValue(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

export function pairs<T>(entries: Record<string, T>): { key: string; value: T }[] {
  return Object.entries(entries).map(([key, value]) => ({ key, value }));
}

export function parseRun({ info, data = {} }: WireRun): MlflowRun {
  return {
    runId: requireText(info.run_id),
    experimentId: info.experiment_id,
    name: info.run_name ?? '',
    status: info.status as MlflowRunStatus,
    ...optional('startTime', info.start_time === undefined ? undefined : new Date(info.start_time)),
    ...optional('endTime', info.end_time === undefined ? undefined : new Date(info.end_time)),
    params: keyed(data.params),
    metrics: keyed(data.metrics?.map(({ key, value }) => ({ key, value: Number(value) }))),
    tags: keyed(data.tags),
  };
}

function keyed<T>(entries: readonly { key: string; value: T }[] = []): Record<string, T> {
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

function requireText(text: unknown): string {
  if (typeof text !== 'string' || text === '') throw new TypeError('an id is missing');
  return text;
}

/** A protobuf duration, `1.234s`, in milliseconds. */
function parseDuration(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : Math.round(Number.parseFloat(duration) * 1000);
}

function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: V };
}
