import type { WireAssessment } from '../mlflow/wire-types.js';
import { type ClientCalls, toMlflowTraceId, tracePath } from './calls.js';
import { buildAssessment, buildAssessmentUpdate, parseAssessment } from './parse.js';
import type { MlflowAssessment, MlflowAssessmentInput, MlflowAssessmentUpdate } from './types.js';

// What an answer must hold to be read.
const ASSESSMENT = 'assessment';

export function logAssessment(
  calls: ClientCalls,
  traceId: string,
  kind: MlflowAssessment['kind'],
  input: MlflowAssessmentInput,
): Promise<MlflowAssessment> {
  const path = `${tracePath(traceId)}/assessments`;
  const body = { assessment: buildAssessment(kind, input) };
  return calls.read({ method: 'POST', path, body, once: true, needs: ASSESSMENT }, readAssessment);
}

export async function updateAssessment(
  calls: ClientCalls,
  traceId: string,
  assessmentId: string,
  update: MlflowAssessmentUpdate,
): Promise<MlflowAssessment> {
  const path = assessmentPath(traceId, assessmentId);
  // The server wants to be told which of the two it is.
  const current = await calls.read({ method: 'GET', path, needs: ASSESSMENT }, readAssessment);
  const { assessment, fields } = buildAssessmentUpdate(current.kind, update);
  if (fields.length === 0) return current;
  const ids = { assessment_id: assessmentId, trace_id: toMlflowTraceId(traceId) };
  // In the JSON of a protobuf field mask, names are in camel case.
  const mask = fields.map((field) => field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())).join(',');
  const body = { assessment: { ...ids, ...assessment }, update_mask: mask };
  return await calls.read({ method: 'PATCH', path, body, needs: ASSESSMENT }, readAssessment);
}

export async function deleteAssessment(calls: ClientCalls, traceId: string, assessmentId: string): Promise<void> {
  await calls.send({ method: 'DELETE', path: assessmentPath(traceId, assessmentId) });
}

function readAssessment({ assessment }: { assessment: WireAssessment }): MlflowAssessment {
  return parseAssessment(assessment);
}

function assessmentPath(traceId: string, assessmentId: string): string {
  return `${tracePath(traceId)}/assessments/${encodeURIComponent(assessmentId)}`;
}
