import { arrayOf, type JsonObject, objectOf, stringOf } from './json.js';

/** What every guardrail of the simulator blocks. */
const BLOCKED_WORD = 'forbidden';

/** What the service counts as one unit of a policy. */
const CHARACTERS_PER_UNIT = 1000;

/**
 * Answers ApplyGuardrail with a policy of words: `forbidden`, and the guardrail's own identifier, so that a test can
 * name a word of its own.
 */
export function applyGuardrail(labels: Readonly<Record<string, string>>, body: JsonObject): JsonObject {
  const { guardrailIdentifier = '', guardrailVersion = '' } = labels;
  const text = arrayOf(body['content'])
    .map((block) => stringOf(objectOf(objectOf(block)['text'])['text']))
    .join('\n');
  const found = findWords(text, new Set([BLOCKED_WORD, guardrailIdentifier.toLowerCase()]));
  const intervened = found.length > 0;
  const usage = usageOf(text);
  const guardrailCoverage = { textCharacters: { guarded: text.length, total: text.length } };
  const message = `Blocked by a guardrail of the local Bedrock simulator: ${found.join(', ')}.`;
  return {
    usage,
    action: intervened ? 'GUARDRAIL_INTERVENED' : 'NONE',
    actionReason: intervened ? 'Guardrail blocked.' : 'No action.',
    outputs: intervened ? [{ text: message }] : [],
    assessments:
      intervened || body['outputScope'] === 'FULL'
        ? [
            {
              wordPolicy: {
                customWords: found.map((match) => ({ match, action: 'BLOCKED', detected: true })),
                managedWordLists: [],
              },
              invocationMetrics: { guardrailProcessingLatency: 20, usage, guardrailCoverage },
              appliedGuardrailDetails: appliedGuardrail(guardrailIdentifier, guardrailVersion),
            },
          ]
        : [],
    guardrailCoverage,
  };
}

function appliedGuardrail(identifier: string, version: string): JsonObject {
  const arn = `arn:aws:bedrock:us-east-1:123456789012:guardrail/${identifier}`;
  return {
    guardrailId: identifier.replace(/^arn:.*\//, ''),
    guardrailVersion: version,
    guardrailArn: identifier.startsWith('arn:') ? identifier : arn,
    guardrailOrigin: ['REQUEST'],
    guardrailOwnership: 'SELF',
  };
}

/** The words of the list that are in the text, as the text writes them. */
function findWords(text: string, words: ReadonlySet<string>): string[] {
  const tokens = text.match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(tokens.filter((token) => words.has(token.toLowerCase())))];
}

function usageOf(text: string): JsonObject {
  return {
    topicPolicyUnits: 0,
    contentPolicyUnits: 0,
    wordPolicyUnits: Math.ceil(text.length / CHARACTERS_PER_UNIT),
    sensitiveInformationPolicyUnits: 0,
    sensitiveInformationPolicyFreeUnits: 0,
    contextualGroundingPolicyUnits: 0,
  };
}
