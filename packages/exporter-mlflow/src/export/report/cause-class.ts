import type { Failure } from '../../http/exchange/outcome.js';

/** What a report needs to know of a failure. */
export type Cause = Pick<Failure, 'kind' | 'reason' | 'status' | 'errorCode'>;

// Names that servers make up count as one, so that there is a bounded number of classes.
const ERROR_CODES = new Set([
  ...['INTERNAL_ERROR', 'TEMPORARILY_UNAVAILABLE', 'REQUEST_LIMIT_EXCEEDED', 'RESOURCE_EXHAUSTED', 'RESOURCE_CONFLICT'],
  ...['INVALID_STATE', 'INVALID_PARAMETER_VALUE', 'BAD_REQUEST', 'MALFORMED_REQUEST', 'FEATURE_DISABLED', 'DATA_LOSS'],
  ...['PERMISSION_DENIED', 'UNAUTHENTICATED', 'RESOURCE_DOES_NOT_EXIST', 'RESOURCE_ALREADY_EXISTS', 'NOT_FOUND'],
]);

const STATUSES = new Set([400, 401, 403, 404, 405, 407, 408, 409, 413, 415, 422, 429, 500, 501, 502, 503, 504]);

/** One of a bounded number of texts: no server can exhaust the memory, or the log, with causes that it makes up. */
export function classOf({ kind, status, errorCode }: Cause): string {
  const code = errorCode === undefined || ERROR_CODES.has(errorCode) ? errorCode : 'other';
  const known = status === undefined || STATUSES.has(status) ? status : `${Math.trunc(status / 100)}xx`;
  return [kind, known, code].join(' ');
}
