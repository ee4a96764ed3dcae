/** A dialect that reads nothing: for bodies of no known family, and for operations that send no model a body. */

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

/** Bodies of no known family. They are recorded as they are. */
export const unknownDialect: Dialect = blankDialect('unknown', 'text_completion');
