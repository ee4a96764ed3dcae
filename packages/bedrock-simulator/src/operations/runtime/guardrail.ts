import { BLOCKED_WORD } from '../../blocked-word.js';
import { arrayOf, type JsonObject, objectOf, stringOf } from '../../json.js';

/** Length of one policy unit in the service's usage counts. */
const CHARACTERS_PER_UNIT = 1000;

/**
 * Answers ApplyGuardrail with a word policy. It blocks `forbidden` and the guardrail's identifier, so that a test can
 * choose a word.
 */
export function assessContent(labels: Readonly<Record<string, string>>, body: JsonObject): JsonObject {
  const { guardrailIdentifier = '', guardrailVersion = '' } = labels;
  const text = arrayOf(body['content'])
    .map((block) => stringOf(objectOf(objectOf(block)['text'])['text']))
    .join('\n');
  const found = findBlockedWords(text, guardrailIdentifier);
  const intervened = found.length > 0;
  const assessment = {
    wordPolicy: wordPolicy(found),
    invocationMetrics: invocationMetrics(text),
    appliedGuardrailDetails: appliedGuardrail(guardrailIdentifier, guardrailVersion),
  };
  return {
    usage: usageOf(text),
    action: intervened ? 'GUARDRAIL_INTERVENED' : 'NONE',
    actionReason: reason(intervened),
    outputs: intervened ? [{ text: blockedMessage(found) }] : [],
    assessments: intervened || body['outputScope'] === 'FULL' ? [assessment] : [],
    guardrailCoverage: coverageOf(text),
  };
}

/** The effect of a guardrail on a Converse request. */
export interface ConverseGuardrail {
  /** The guardrail's message, which replaces the model's answer; undefined if the request was not blocked. */
  readonly blocked: string | undefined;
  /** Undefined unless the request asks for a trace. */
  readonly trace: JsonObject | undefined;
}

/**
 * Applies `guardrailConfig` to the text of a Converse request: to the blocks of guarded content if there are any, else
 * to all text. It does not check answers.
 */
export function guardConverse(body: JsonObject): ConverseGuardrail | undefined {
  const { guardrailIdentifier, trace } = objectOf(body['guardrailConfig']);
  const identifier = stringOf(guardrailIdentifier);
  if (identifier === '') return undefined;
  const text = guardedText(body);
  const found = findBlockedWords(text, identifier);
  const intervened = found.length > 0;
  const assessment = {
    ...(intervened ? { wordPolicy: wordPolicy(found) } : {}),
    invocationMetrics: invocationMetrics(text),
  };
  return {
    blocked: intervened ? blockedMessage(found) : undefined,
    trace: /^enabled/.test(stringOf(trace))
      ? { actionReason: reason(intervened), inputAssessment: { [identifier]: assessment } }
      : undefined,
  };
}

function guardedText(body: JsonObject): string {
  const blocks = arrayOf(body['messages'])
    .flatMap((message) => arrayOf(objectOf(message)['content']))
    .map(objectOf);
  const guarded = blocks.map(({ guardContent }) => stringOf(objectOf(objectOf(guardContent)['text'])['text']));
  const texts = guarded.some((text) => text !== '') ? guarded : blocks.map(({ text }) => stringOf(text));
  return texts.filter((text) => text !== '').join('\n');
}

function reason(intervened: boolean): string {
  return intervened ? 'Guardrail blocked.' : 'No action.';
}

function wordPolicy(found: readonly string[]): JsonObject {
  return {
    customWords: found.map((match) => ({ match, action: 'BLOCKED', detected: true })),
    managedWordLists: [],
  };
}

function invocationMetrics(text: string): JsonObject {
  return { guardrailProcessingLatency: 20, usage: usageOf(text), guardrailCoverage: coverageOf(text) };
}

function coverageOf(text: string): JsonObject {
  return { textCharacters: { guarded: text.length, total: text.length } };
}

function blockedMessage(found: readonly string[]): string {
  return `Blocked by a guardrail of the local Bedrock simulator: ${found.join(', ')}.`;
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

/** Returns blocked words in the spelling of the text. */
function findBlockedWords(text: string, identifier: string): string[] {
  const words = new Set([BLOCKED_WORD, identifier.toLowerCase()]);
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
