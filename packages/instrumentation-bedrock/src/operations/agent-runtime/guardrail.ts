/** Guardrails of knowledge bases and agents, which have their own names for what `guardrail.ts` of `data` reads. */

import { guardrailAction } from '../../data/guardrail.js';
import { asMembers, type JsonObject } from '../../data/json.js';
import type { RequestedService, ServedService } from '../../data/service.js';
import { asId, asWord } from '../../data/words.js';

/** @param configuration `guardrailConfiguration` of a request. */
export function readGuardrailConfiguration(configuration: unknown): RequestedService {
  const { guardrailId, guardrailVersion } = asMembers(configuration);
  return { guardrailId: asId(guardrailId), guardrailVersion: asWord(guardrailVersion) };
}

/** Reads the member `guardrailAction`. */
export function readGuardrailAction({ guardrailAction: action }: JsonObject): ServedService {
  return { guardrailAction: guardrailAction(action) };
}
