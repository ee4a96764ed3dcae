import { BLOCKED_WORD } from '../../../blocked-word.js';
import { uuidOf } from '../../../digest.js';
import type { JsonObject } from '../../../json.js';
import { type Stage, type Turn, writeTrace } from './trace.js';

const GUARDRAIL_MS = 3;

/** The message of a guardrail unless it has another one. */
export const BLOCKED_MESSAGE = 'Sorry, the model cannot answer this question.';

/** Checks a text, with a trace. Returns true if the guardrail blocks it. */
export function guard(stage: Stage, turn: Turn, side: 'pre' | 'post', text: string): boolean {
  const found = isBlocked(text);
  const assessment: JsonObject = found
    ? { wordPolicy: { customWords: [{ action: 'BLOCKED', match: BLOCKED_WORD }], managedWordLists: [] } }
    : {};
  const traceId = `${turn.id}-guardrail-${side}-0`;
  const metadata = stage.timeline.spend(GUARDRAIL_MS, uuidOf([traceId, text]));
  writeTrace(stage, turn, 'guardrailTrace', {
    action: found ? 'INTERVENED' : 'NONE',
    [side === 'pre' ? 'inputAssessments' : 'outputAssessments']: [assessment],
    metadata,
    traceId,
  });
  return found;
}

export function isBlocked(text: string): boolean {
  return new RegExp(`\\b${BLOCKED_WORD}\\b`, 'i').test(text);
}
