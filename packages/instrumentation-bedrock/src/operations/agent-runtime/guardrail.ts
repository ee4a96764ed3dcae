/** Guardrails of knowledge bases and agents, which have their own names for what `guardrail.ts` of `data` reads. */

import { asObject, type JsonObject } from '../../data/json.js';
import type { RequestedService, ServedService } from '../../data/service.js';
import { asId, asWord } from '../../data/words.js';

/** @param configuration `guardrailConfiguration` of a request. */
export function readGuardrailConfiguration(configuration: unknown): RequestedService {
  const { guardrailId, guardrailVersion } = asObject(configuration) ?? {};
  return { guardrailId: asId(guardrailId), guardrailVersion: asWord(guardrailVersion) };
}

/** Reads `guardrailAction`, in the words that all operations have in common. */
export function readGuardrailAction({ guardrailAction }: JsonObject): ServedService {
  const action = asWord(guardrailAction);
  return { guardrailAction: action === 'INTERVENED' ? 'GUARDRAIL_INTERVENED' : action };
}
