import { arrayOf, numberOf, stringOf } from '../../../json.js';
import { wordsOf } from '../../../model/tokens.js';
import type { PlainDialect } from './dialect.js';

/** Cohere Rerank and Amazon Rerank, which share a format. Documents with more of the query's words rank higher. */
export const cohereRerank: PlainDialect = {
  kind: 'plain',
  answer(body) {
    const query = wordsOf(stringOf(body['query']));
    const results = arrayOf(body['documents'])
      .map((document, index) => ({ index, relevance_score: score(query, document) }))
      .sort((a, b) => b.relevance_score - a.relevance_score);
    return { body: { results: results.slice(0, numberOf(body['top_n'])) } };
  },
};

/** Returns 0.01 (no word of the query) to 0.99 (all of them). */
function score(query: ReadonlySet<string>, document: unknown): number {
  const found = wordsOf(typeof document === 'string' ? document : JSON.stringify(document));
  const shared = [...query].filter((word) => found.has(word)).length;
  return 0.01 + (0.98 * shared) / Math.max(1, query.size);
}
