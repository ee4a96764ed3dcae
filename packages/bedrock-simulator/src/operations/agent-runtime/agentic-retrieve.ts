import { uuidOf } from '../../digest.js';
import { arrayOf, isObject, type JsonObject, objectOf, stringOf } from '../../json.js';
import { DISCLAIMER } from '../../model/script.js';
import { toPieces } from '../../model/tokens.js';
import type { StreamEvent } from '../../types.js';
import type { Operation } from '../operation.js';
import { type GroundedPart, groundedParts } from './knowledge/grounded-answer.js';
import { type Found, referenceTo, searchDocuments } from './knowledge/search.js';

/** Plans one retrieval, retrieves, and answers if the request asks for it. No recording shows what the service sends. */
export const agenticRetrieveStream: Operation = {
  name: 'AgenticRetrieveStream',
  method: 'POST',
  path: '/agenticRetrieveStream',
  answer({ body, pieces }) {
    const query = lastQuestion(body['messages']);
    const retrievers = arrayOf(body['retrievers']).map(identifierOf);
    const found = searchDocuments(query);
    const results = found.map((item) => resultOf(item, retrievers[0]));
    const parts = [...groundedParts(query, found), { text: DISCLAIMER, references: [] }];
    const answer = body['generateResponse'] === true ? writeAnswer(parts, found) : undefined;
    const retrieveAction = { inputQuery: { text: query }, sourceRetrievers: retrievers };
    return {
      events: [
        trace(0, { step: 'Planning', status: 'SUCCEEDED', message: 'One retrieval is enough.' }),
        trace(1, {
          step: 'Retrieval',
          status: 'IN_PROGRESS',
          message: 'Retrieval has started.',
          actions: [{ retrieve: retrieveAction }],
        }),
        trace(2, {
          step: 'Retrieval',
          status: 'SUCCEEDED',
          message: `Found ${results.length} documents.`,
          retrievalResponse: results,
        }),
        ...(answer ? (pieces ?? toPieces(answer.answer)).map(responseEvent) : []),
        { type: 'result', payload: { results, ...(answer ? { generatedResponse: answer } : {}) } },
      ],
    };
  },
};

function trace(index: number, attributes: JsonObject): StreamEvent {
  const id = uuidOf([index, attributes]);
  return { type: 'traceEvent', payload: { id, timestamp: Date.now(), attributes } };
}

function responseEvent(text: string): StreamEvent {
  return { type: 'responseEvent', payload: { text } };
}

function resultOf({ document }: Found, sourceRetriever: JsonObject | undefined): JsonObject {
  const { metadata } = referenceTo(document);
  const content = { text: document.text, mimeType: 'text/plain' };
  return { content, metadata, ...(sourceRetriever ? { sourceRetriever } : {}) };
}

function writeAnswer(parts: readonly GroundedPart[], found: readonly Found[]) {
  const answer = parts.map(({ text }) => text).join(' ');
  const citations = parts.flatMap(({ text }) => {
    const resultIndex = found.findIndex(({ document }) => document.text.includes(text));
    const startIndex = answer.indexOf(text);
    return resultIndex < 0 ? [] : [{ startIndex, endIndex: startIndex + text.length, references: [{ resultIndex }] }];
  });
  return { answer, citations };
}

function lastQuestion(messages: unknown): string {
  const last = arrayOf(messages)
    .map(objectOf)
    .findLast(({ role }) => role === 'user');
  return stringOf(objectOf(last?.['content'])['text']);
}

function identifierOf(retriever: unknown): JsonObject {
  const { knowledgeBase } = objectOf(objectOf(retriever)['configuration']);
  return { identifier: isObject(knowledgeBase) ? stringOf(knowledgeBase['knowledgeBaseId']) : '' };
}
