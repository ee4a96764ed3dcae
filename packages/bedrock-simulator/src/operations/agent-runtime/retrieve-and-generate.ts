import { uuidOf } from '../../digest.js';
import { isObject, type JsonObject, objectOf, stringOf } from '../../json.js';
import { DISCLAIMER } from '../../model/script.js';
import { toPieces } from '../../model/tokens.js';
import type { StreamEvent } from '../../types.js';
import type { Operation, OperationRequest } from '../operation.js';
import { BLOCKED_MESSAGE, isBlocked } from './agents/guardrail.js';
import { citationsOf, type GroundedPart, groundedParts } from './knowledge/grounded-answer.js';
import { searchDocuments } from './knowledge/search.js';
import { sourceDocuments } from './knowledge/sources.js';
import { resultsOf } from './retrieve.js';

export const retrieveAndGenerate: Operation = {
  name: 'RetrieveAndGenerate',
  method: 'POST',
  path: '/retrieveAndGenerate',
  answer(request) {
    const { sessionId, parts, action } = generate(request);
    const text = parts.map((part) => part.text).join(' ');
    return { body: { ...action, citations: citationsOf(parts), output: { text }, sessionId } };
  },
};

export const retrieveAndGenerateStream: Operation = {
  name: 'RetrieveAndGenerateStream',
  method: 'POST',
  path: '/retrieveAndGenerateStream',
  answer(request) {
    const { sessionId, parts, action } = generate(request);
    const guardrail = action ? [{ type: 'guardrail', payload: { action: action.guardrailAction } }] : [];
    const citations = citationsOf(parts);
    const events = parts.flatMap((part, index): StreamEvent[] => [
      ...outputs(index === 0 ? part.text : ` ${part.text}`, request.pieces),
      ...citationEvents(citations[index]),
    ]);
    const headers = { 'x-amzn-bedrock-knowledge-base-session-id': sessionId };
    return { headers, events: [...guardrail, ...events] };
  },
};

interface Generated {
  readonly sessionId: string;
  /** The parts of the answer, joined by a space. The last one is the note that the answer is scripted. */
  readonly parts: readonly GroundedPart[];
  /** Undefined unless the request has a guardrail. */
  readonly action: { readonly guardrailAction: 'INTERVENED' | 'NONE' } | undefined;
}

const NOT_FOUND = 'Sorry, I am unable to assist you with this request.';

function generate({ body, pieces }: OperationRequest): Generated {
  const question = stringOf(objectOf(body['input'])['text']);
  const { knowledgeBaseConfiguration, externalSourcesConfiguration } = objectOf(
    body['retrieveAndGenerateConfiguration'],
  );
  const configuration = objectOf(knowledgeBaseConfiguration ?? externalSourcesConfiguration);
  const sessionId = stringOf(body['sessionId']) || uuidOf(body);
  const guarded = isObject(objectOf(configuration['generationConfiguration'])['guardrailConfiguration']);
  if (guarded && isBlocked(question))
    return { sessionId, parts: [plain(BLOCKED_MESSAGE)], action: { guardrailAction: 'INTERVENED' } };
  const action = guarded ? ({ guardrailAction: 'NONE' } as const) : undefined;
  if (pieces) return { sessionId, parts: [plain(pieces.join(''))], action };
  return { sessionId, parts: [...answerParts(question, configuration), plain(DISCLAIMER)], action };
}

function answerParts(question: string, configuration: JsonObject): GroundedPart[] {
  const documents = sourceDocuments(configuration['sources']);
  const found = searchDocuments(question, resultsOf(configuration['retrievalConfiguration']), documents);
  const parts = groundedParts(question, found);
  return parts.length > 0 ? parts : [plain(NOT_FOUND)];
}

function plain(text: string): GroundedPart {
  return { text, references: [] };
}

function outputs(text: string, pieces: readonly string[] | undefined): StreamEvent[] {
  return (pieces ?? toPieces(text)).map((piece) => ({ type: 'output', payload: { text: piece } }));
}

/** The service sends a citation after the text that it belongs to, with its members twice. */
function citationEvents(citation: JsonObject | undefined): StreamEvent[] {
  return citation ? [{ type: 'citation', payload: { citation, ...citation } }] : [];
}
