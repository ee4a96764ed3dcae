import { objectOf, stringOf } from '../../json.js';
import { wordsOf } from '../../model/tokens.js';
import type { Operation } from '../operation.js';

export const generateQuery: Operation = {
  name: 'GenerateQuery',
  method: 'POST',
  path: '/generateQuery',
  answer({ body }) {
    const question = stringOf(objectOf(body['queryGenerationInput'])['text']);
    const conditions = [...wordsOf(question)].map((word) => `description ILIKE '%${word}%'`);
    const where = conditions.length > 0 ? ` WHERE ${conditions.join(' OR ')}` : '';
    return { body: { queries: [{ type: 'REDSHIFT_SQL', sql: `SELECT * FROM orders${where};` }] } };
  },
};
