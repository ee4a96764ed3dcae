import type { JsonObject } from '../../../json.js';
import { wordsOf } from '../../../model/tokens.js';
import { DATA_SOURCE_ID, DOCUMENTS, type KnowledgeDocument } from './documents.js';

export interface Found {
  readonly document: KnowledgeDocument;
  /** Number of the query's words that the document has. */
  readonly shared: number;
  /** Part of the query's words that the document has, from 0 to 1. */
  readonly score: number;
}

/** The number of results that the service returns unless the request has another one. */
const DEFAULT_RESULTS = 5;

/** Finds documents that share words with the query, the best one first. */
export function searchDocuments(
  query: string,
  limit: number = DEFAULT_RESULTS,
  documents: readonly KnowledgeDocument[] = DOCUMENTS,
): Found[] {
  return rank(
    query,
    documents.map(({ title, text }) => `${title} ${text}`),
  )
    .filter(({ score }) => score > 0)
    .slice(0, limit)
    .flatMap(({ index, shared, score }) => {
      const document = documents[index];
      return document ? [{ document, shared, score }] : [];
    });
}

/** Ranks texts by the part of the query's words that they have. Texts with the same score keep their order. */
export function rank(query: string, texts: readonly string[]): { index: number; shared: number; score: number }[] {
  const asked = wordsOf(query);
  return texts
    .map((text, index) => {
      const words = wordsOf(text);
      const shared = [...asked].filter((word) => words.has(word)).length;
      return { index, shared, score: asked.size === 0 ? 0 : Math.round((10_000 * shared) / asked.size) / 10_000 };
    })
    .sort((a, b) => b.score - a.score);
}

/** Returns a document as answers refer to it. */
export function referenceTo(document: KnowledgeDocument): JsonObject {
  const uri = `s3://example-shop/${document.id}.txt`;
  return {
    content: { text: document.text, type: 'TEXT' },
    location: { s3Location: { uri }, type: 'S3' },
    metadata: {
      'x-amz-bedrock-kb-source-uri': uri,
      'x-amz-bedrock-kb-data-source-id': DATA_SOURCE_ID,
      title: document.title,
    },
  };
}
