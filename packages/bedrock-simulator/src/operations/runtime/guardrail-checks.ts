import { BLOCKED_WORD } from '../../blocked-word.js';
import { arrayOf, type JsonObject, objectOf, stringOf } from '../../json.js';
import type { Operation } from '../operation.js';

const CHARACTERS_PER_UNIT = 1000;

export const invokeGuardrailChecks: Operation = {
  name: 'InvokeGuardrailChecks',
  method: 'POST',
  path: '/guardrail-checks/invoke',
  answer: ({ body }) => ({ body: check(body) }),
};

/**
 * Each category of a content filter or of prompt attacks has the severity 0.9 if a message
 * contains `forbidden`, else 0. That word is also the one entity that the check for sensitive information finds.
 */
function check(body: JsonObject): JsonObject {
  const { contentFilter, promptAttack, sensitiveInformation } = objectOf(body['checks']);
  const places = findPlaces(body['messages']);
  const units = { textUnits: Math.ceil(JSON.stringify(body['messages'] ?? []).length / CHARACTERS_PER_UNIT) };
  const results: Record<string, unknown> = {};
  const usage: Record<string, unknown> = {};
  for (const [name, config] of Object.entries({ contentFilter, promptAttack })) {
    if (config === undefined) continue;
    const severityScore = places.length > 0 ? 0.9 : 0;
    const categories = arrayOf(objectOf(config)['categories']).map(objectOf);
    results[name] = { results: categories.map(({ category }) => ({ category, severityScore })) };
    usage[name] = units;
  }
  if (sensitiveInformation !== undefined) {
    const [entity] = arrayOf(objectOf(sensitiveInformation)['entities']).map(objectOf);
    const found = places.map((place) => ({ type: entity?.['type'], confidenceScore: 0.8, ...place }));
    results['sensitiveInformation'] = { results: found, truncated: false };
    usage['sensitiveInformation'] = units;
  }
  return { results, usage };
}

/** Returns the first place of the word in each block of text. */
function findPlaces(messages: unknown): JsonObject[] {
  return arrayOf(messages).flatMap((message, messageIndex) =>
    arrayOf(objectOf(message)['content']).flatMap((block, contentIndex) => {
      const beginOffset = stringOf(objectOf(block)['text']).toLowerCase().indexOf(BLOCKED_WORD);
      const endOffset = beginOffset + BLOCKED_WORD.length;
      return beginOffset < 0 ? [] : [{ beginOffset, endOffset, messageIndex, contentIndex }];
    }),
  );
}
