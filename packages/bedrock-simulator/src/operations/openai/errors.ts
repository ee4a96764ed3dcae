import { errorOfFrame, errorsOf, type ModelledError } from '../../errors.js';
import type { SimulatedResponse } from '../../types.js';
import { requestIds, sentEvent } from './wire.js';

/** In milliseconds. OpenAI's SDK waits this long before it tries again. */
const RETRY_AFTER = 5;

/** Returns an error in the form that OpenAI's API has on Bedrock. */
export function writeError(type: string, { status, message }: ModelledError, text = message): SimulatedResponse {
  const canRetry = status === 429 || status >= 500;
  return {
    status,
    headers: { ...requestIds(), ...(canRetry ? { 'retry-after-ms': String(RETRY_AFTER) } : {}) },
    body: { error: errorOf(type, status, text) },
  };
}

/** Returns the event of an error within a stream. OpenAI's SDK throws it. */
export function streamError(type: string, message: string): Uint8Array {
  const name = errorOfFrame(type);
  return sentEvent({ error: errorOf(name, errorsOf()[name]?.status ?? 500, message) });
}

function errorOf(type: string, status: number, message: string): object {
  return { code: CODES[type] ?? 'server_error', message, param: null, type: typeOf(status) };
}

const CODES: Readonly<Record<string, string>> = {
  AccessDeniedException: 'access_denied',
  ModelNotReadyException: 'model_not_ready',
  ModelTimeoutException: 'timeout',
  ResourceNotFoundException: 'model_not_found',
  ServiceQuotaExceededException: 'quota_exceeded',
  ServiceUnavailableException: 'service_unavailable',
  ThrottlingException: 'rate_limit_exceeded',
  ValidationException: 'validation_error',
};

function typeOf(status: number): string {
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 && status !== 424 ? 'invalid_request_error' : 'server_error';
}
