/** A dialect that reads nothing, for unknown bodies and for operations without a model body. */

import type { OperationName } from '../data/facts.js';
import type { Dialect } from './dialect.js';
import { createChunkListFold } from './fold/chunk-list-fold.js';

export function blankDialect(name: string, operation: OperationName): Dialect {
  return {
    name,
    operation,
    matchesRequest: () => false,
    matchesResponse: () => false,
    readParameters: () => ({}),
    readInput: () => ({ messages: [] }),
    readTools: () => [],
    readResponse: () => ({}),
    readOutput: () => [],
    createFold: createChunkListFold,
  };
}

/** For bodies of unknown models, which are recorded unchanged. */
export const unknownDialect: Dialect = blankDialect('unknown', 'text_completion');
