/** AgenticRetrieveStream: a model plans lookups in several knowledge bases, and can answer from what they find. */

import { asMembers, asObject, asObjects, asString, type JsonObject } from '../../data/json.js';
import { type Message, textPart } from '../../data/messages.js';
import { ATTR_GEN_AI_RETRIEVAL_DOCUMENTS, ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT } from '../../data/semconv.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';
import { readDocument } from '../documents/documents.js';
import { generatedMessages } from '../messages/generated.js';
import { createAgenticRetrievalFold } from './agentic-retrieval-fold.js';

export const agenticRetrieval: Dialect = {
  ...blankDialect('agentic-retrieval', 'retrieval'),
  readInput: (body) => ({ messages: asObjects(body['messages']).flatMap(readMessage) }),
  readInputDetails(body) {
    const asked = asObjects(body['messages']).findLast(({ role }) => role === 'user');
    return { [ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT]: asked && textOf(asked) };
  },
  readOutput(body) {
    const { answer: text, citations } = asMembers(body['generatedResponse']);
    return generatedMessages(body, { text, citations });
  },
  readOutputDetails: ({ results }) => ({
    [ATTR_GEN_AI_RETRIEVAL_DOCUMENTS]: Array.isArray(results) ? asObjects(results).map(readDocument) : undefined,
  }),
  createFold: createAgenticRetrievalFold,
};

function readMessage(raw: JsonObject): Message[] {
  const text = textOf(raw);
  return text === undefined ? [] : [{ role: asString(raw['role']) ?? 'user', parts: [textPart(text)] }];
}

function textOf({ content }: JsonObject): string | undefined {
  return asString(asObject(content)?.['text']);
}
