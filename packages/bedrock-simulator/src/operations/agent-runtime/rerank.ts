import { arrayOf, type JsonObject, numberOf, objectOf, stringOf } from '../../json.js';
import type { Operation } from '../operation.js';
import { rank } from './knowledge/search.js';

export const rerank: Operation = {
  name: 'Rerank',
  method: 'POST',
  path: '/rerank',
  answer({ body }) {
    const [query] = arrayOf(body['queries']).map(objectOf);
    const texts = arrayOf(body['sources']).map((source) => textOf(objectOf(objectOf(source)['inlineDocumentSource'])));
    const { bedrockRerankingConfiguration } = objectOf(body['rerankingConfiguration']);
    const limit = numberOf(objectOf(bedrockRerankingConfiguration)['numberOfResults']);
    const ranked = rank(stringOf(objectOf(query?.['textQuery'])['text']), texts).slice(0, limit);
    return { body: { results: ranked.map(({ index, score }) => ({ index, relevanceScore: score })) } };
  },
};

function textOf({ textDocument, jsonDocument }: JsonObject): string {
  return jsonDocument === undefined ? stringOf(objectOf(textDocument)['text']) : JSON.stringify(jsonDocument);
}
