import type { JsonObject } from '../../../json.js';
import { quoteDocuments } from '../../../model/citations.js';
import { type Found, referenceTo } from './search.js';

/** A part of an answer and the documents that it comes from. */
export interface GroundedPart {
  readonly text: string;
  readonly references: readonly JsonObject[];
}

/** Answers a question with the sentences of the documents that share the most words with it. */
export function groundedParts(question: string, found: readonly Found[]): GroundedPart[] {
  const documents = found.map(({ document }) => document);
  return quoteDocuments(documents, question).map(({ text, documentIndex }) => {
    const document = documents[documentIndex];
    return { text, references: document ? [referenceTo(document)] : [] };
  });
}

/** Returns the citations of a text that has the parts one after the other, each followed by one character. */
export function citationsOf(parts: readonly GroundedPart[], start = 0): JsonObject[] {
  return parts.reduce<{ start: number; citations: JsonObject[] }>(
    ({ start: from, citations }, { text, references }) => ({
      start: from + text.length + 1,
      citations: [...citations, citation(text, from, references)],
    }),
    { start, citations: [] },
  ).citations;
}

/** As in the service's answers, the position of the last character is the end. */
function citation(text: string, start: number, retrievedReferences: readonly JsonObject[]): JsonObject {
  const span = { start, end: start + text.length - 1 };
  return { generatedResponsePart: { textResponsePart: { text, span } }, retrievedReferences };
}
