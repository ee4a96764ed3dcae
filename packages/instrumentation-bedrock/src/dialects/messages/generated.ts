/** Answers of the service itself, which state no finish reason. */

import type { JsonObject } from '../../data/json.js';
import { finishReason, type OutputMessage, type Part, textPart } from '../../data/messages.js';
import { citationParts } from './parts.js';

/**
 * Makes one message of the assistant of a text and the sources that it cites; none if there are neither.
 *
 * @param body the whole answer. `incomplete` is set if its stream was not read to its end.
 */
export function generatedMessages(
  { guardrailAction, incomplete }: JsonObject,
  { text, citations, before = [] }: { text: unknown; citations?: JsonObject[string]; before?: readonly Part[] },
): OutputMessage[] {
  const texts = typeof text === 'string' ? [textPart(text)] : [];
  const parts = [...before, ...texts, ...citationParts(citations)];
  if (parts.length === 0) return [];
  const end = incomplete === true ? undefined : 'stop';
  const reason = guardrailAction === 'INTERVENED' ? 'guardrail_intervened' : end;
  return [{ role: 'assistant', parts, finish_reason: finishReason(reason) }];
}
