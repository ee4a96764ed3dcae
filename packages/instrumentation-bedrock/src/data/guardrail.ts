/** The verdict of guardrails, which every operation words in another way. */

import { characterStart } from './cut.js';
import { asArray, asMembers, asObject, asObjects, type JsonObject, type JsonValue } from './json.js';
import type { ServedService } from './service.js';
import { asWord } from './words.js';

// The words of ApplyGuardrail, which stand for every operation.
const NONE = 'NONE';
export const INTERVENED = 'GUARDRAIL_INTERVENED';

/** Returns an action of a guardrail in the word of ApplyGuardrail. Most operations have a shorter one. */
export function guardrailAction(action: unknown): string | undefined {
  return action === 'INTERVENED' ? INTERVENED : asWord(action);
}

/** What a policy does to text that it finds, unless it only reports it. */
const INTERVENTIONS: ReadonlySet<unknown> = new Set(['BLOCKED', 'ANONYMIZED']);

/** The service joins one sentence for each text that it assessed. */
const MAX_REASON_LENGTH = 1024;

/**
 * Reads the verdict on a Converse answer.
 *
 * @param isGuarded whether the request names a guardrail. An account or organization can enforce others.
 */
export function readConverseVerdict(body: JsonObject, isGuarded: boolean): ServedService {
  const trace = asObject(asObject(body['trace'])?.['guardrail']);
  const assessments = assessmentsOf(trace);
  const { stopReason } = body;
  const intervened = stopReason === 'guardrail_intervened' || assessments.some(hasIntervened);
  // Without a stop reason the answer is not complete, and the guardrail can still intervene.
  const passed = typeof stopReason === 'string' && (isGuarded || trace !== undefined);
  return { guardrailAction: intervened ? INTERVENED : passed ? NONE : undefined, ...readTrace(trace, assessments) };
}

/**
 * Reads the verdict on an InvokeModel answer from the members that the service adds to the body if a guardrail is on.
 *
 * @param action `amazon-bedrock-guardrailAction`.
 * @param trace `amazon-bedrock-trace`.
 */
export function readInvokeVerdict(action: JsonValue | undefined, trace: JsonValue | undefined): ServedService {
  const guardrail = asObject(asObject(trace)?.['guardrail']);
  const assessments = assessmentsOf(guardrail);
  const traced = assessments.some(hasIntervened) ? INTERVENED : undefined;
  return { guardrailAction: guardrailAction(action) ?? traced, ...readTrace(guardrail, assessments) };
}

/** Reads an answer of ApplyGuardrail. */
export function readApplyVerdict(output: JsonObject): ServedService {
  return { guardrailAction: asWord(output['action']), ...readTrace(output, asObjects(output['assessments'])) };
}

/** The assessments of a trace. Converse has maps and lists in them, InvokeModel has other names. */
function assessmentsOf(trace: JsonObject | undefined): JsonObject[] {
  if (!trace) return [];
  const { inputAssessment, outputAssessments, input, outputs } = trace;
  const ofInput = [inputAssessment, input].flatMap(valuesOf);
  const ofOutput = [...valuesOf(outputAssessments).flatMap(asArray), ...asObjects(outputs).flatMap(valuesOf)];
  return asObjects([...ofInput, ...ofOutput]);
}

function valuesOf(value: unknown): JsonValue[] {
  return Object.values(asMembers(value)).filter((member) => member !== undefined);
}

/** Each policy of an assessment has lists of what it found. */
function hasIntervened(assessment: JsonObject): boolean {
  const findings = valuesOf(assessment).flatMap(valuesOf).flatMap(asObjects);
  return findings.some(({ action }) => INTERVENTIONS.has(action));
}

/** The reason states which kind of action the guardrail took. It quotes no content. */
function readTrace({ actionReason }: JsonObject = {}, assessments: readonly JsonObject[]): ServedService {
  const reason = typeof actionReason === 'string' && actionReason !== '' ? actionReason : undefined;
  const origins = assessments.flatMap(originsOf);
  return {
    guardrailReason: reason && limitReason(reason),
    guardrailOrigins: origins.length > 0 ? [...new Set(origins)] : undefined,
  };
}

function limitReason(reason: string): string {
  if (reason.length <= MAX_REASON_LENGTH) return reason;
  return reason.slice(0, characterStart(reason, MAX_REASON_LENGTH));
}

function originsOf(assessment: JsonObject): string[] {
  const { guardrailOrigin } = asMembers(assessment['appliedGuardrailDetails']);
  return asArray(guardrailOrigin)
    .map(asWord)
    .filter((origin) => origin !== undefined);
}
