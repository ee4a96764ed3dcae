/** GenerateQuery: SQL from a question in natural language. */

import { asObject, asObjects, asString } from '../../data/json.js';
import { finishReason, textPart } from '../../data/messages.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';
import { promptInput } from '../messages/text-completion.js';

export const generateQuery: Dialect = {
  ...blankDialect('generate-query', 'generate_query'),
  readInput: (body) => promptInput(asObject(body['queryGenerationInput'])?.['text']),
  readOutput(body) {
    const queries = asObjects(body['queries']).map(({ sql }) => asString(sql));
    const parts = queries.filter((sql) => sql !== undefined).map(textPart);
    return parts.length > 0 ? [{ role: 'assistant', parts, finish_reason: finishReason('stop') }] : [];
  },
};
