/** For bodies of no known dialect: recorded as they are, nothing read from them. */

import type { Dialect } from './dialect.js';
import { noStream } from './no-stream.js';

export const raw: Dialect = {
  name: 'raw',
  operation: 'text_completion',
  matchesRequest: () => false,
  matchesResponse: () => false,
  readParameters: () => ({}),
  readInput: () => ({ messages: [] }),
  readTools: () => [],
  readResponse: () => ({}),
  readOutput: () => [],
  ...noStream,
};
