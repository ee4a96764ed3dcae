import { isRecord, parseJson } from '../common/json.js';
import { mlflowTraceId, tracePath } from './names.js';
import { command, optional, type Rest, type RestResult } from './rest.js';
import type {
  MlflowAssessment,
  MlflowAssessmentInput,
  MlflowAssessmentKind,
  MlflowAssessmentSource,
  MlflowAssessmentUpdate,
} from './types.js';
import type { WireAssessment } from './wire-types.js';

/** Adds an assessment to a trace or to one of its spans. */
export function createAssessment(
  rest: Rest,
  traceId: string,
  kind: MlflowAssessmentKind,
  input: MlflowAssessmentInput,
): Promise<RestResult<MlflowAssessment>> {
  const body = { assessment: buildAssessment(kind, input) };
  return rest.call({ method: 'POST', path: assessmentsPath(traceId), body, once: true, parse });
}

/** One assessment of a trace. */
export function getAssessment(rest: Rest, traceId: string, id: string): Promise<RestResult<MlflowAssessment>> {
  return rest.call({ method: 'GET', path: assessmentsPath(traceId, id), parse });
}

/** Changes the given members of an assessment of this kind, at least one of them. */
export function updateAssessment(
  rest: Rest,
  traceId: string,
  id: string,
  kind: MlflowAssessmentKind,
  { name, value, rationale, metadata }: MlflowAssessmentUpdate,
): Promise<RestResult<MlflowAssessment>> {
  const changes: Partial<WireAssessment> = {
    ...optional('assessment_name', name),
    ...(value === undefined ? {} : buildValue(kind, value)),
    ...optional('rationale', rationale),
    ...optional('metadata', metadata),
  };
  const body = {
    assessment: { assessment_id: id, trace_id: mlflowTraceId(traceId), ...changes },
    // In the JSON of a protobuf field mask, names are in camel case.
    update_mask: Object.keys(changes)
      .map((field) => field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()))
      .join(','),
  };
  return rest.call({ method: 'PATCH', path: assessmentsPath(traceId, id), body, parse });
}

/** Succeeds also if there is no such assessment. */
export function deleteAssessment(rest: Rest, traceId: string, id: string): Promise<RestResult<void>> {
  return command(rest, 'DELETE', assessmentsPath(traceId, id));
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

function assessmentsPath(traceId: string, id?: string): string {
  const all = `${tracePath(traceId)}/assessments`;
  return id === undefined ? all : `${all}/${encodeURIComponent(id)}`;
}

function parse({ assessment }: { assessment: WireAssessment }): MlflowAssessment {
  return parseAssessment(assessment);
}

function buildAssessment(kind: MlflowAssessmentKind, input: MlflowAssessmentInput): WireAssessment {
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

function buildValue(kind: MlflowAssessmentKind, value: unknown): Pick<WireAssessment, 'feedback' | 'expectation'> {
  if (kind === 'feedback') return { feedback: { value } };
  // The server keeps an expectation that is an object or a list only as text.
  const isComposite = isRecord(value) || Array.isArray(value);
  const serialized = { serialization_format: 'JSON_FORMAT', value: JSON.stringify(value) };
  return { expectation: isComposite ? { serialized_value: serialized } : { value } };
}
