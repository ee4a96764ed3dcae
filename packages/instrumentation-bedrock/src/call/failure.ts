/** Why a call failed, as its span and metrics say it. */

import { abortType, errorType } from '../data/error-type.js';
import { errorMessage, errorStack } from '../data/errors.js';
import type { Failure, StatedError } from '../data/facts.js';
import type { JsonValue } from '../data/json.js';

/** Returns what may be recorded of an error's message. It can quote the request, so it is content. */
export type ShowMessage = (message: string) => JsonValue | undefined;

/** The SDK reports no error for a stream that the connection cut off. Only the closing event is missing. */
const INCOMPLETE_STREAM: Failure = {
  type: 'incomplete_stream',
  description: 'The stream ended without its closing event: the answer is incomplete.',
};

/**
 * The failure of a call for which the SDK has thrown an error.
 *
 * @param signal the `abortSignal` of the call. The SDK reports an abort under several names, and over HTTP/1.1 as
 *   `ECONNRESET`.
 */
export function thrownFailure(error: unknown, signal: unknown, show: ShowMessage): Failure {
  const message = errorMessage(error);
  const shown = show(message);
  const type = isOfService(error) ? undefined : abortType(signal);
  return {
    type: type ?? errorType(error),
    message: typeof shown === 'string' ? shown : undefined,
    // The stack trace repeats the message, so it may be recorded only if the message is recorded unchanged.
    stack: shown === message ? errorStack(error) : undefined,
  };
}

/** The failure of a call whose answer states an error. */
export function statedFailure({ type, message }: StatedError, show: ShowMessage): Failure {
  const shown = message === undefined ? undefined : show(errorMessage(message));
  return { type, message: typeof shown === 'string' ? shown : undefined };
}

/** The failure of a stream that has ended by itself; undefined if its answer is complete. */
export function endFailure(isComplete: boolean | undefined, signal: unknown): Failure | undefined {
  return leftFailure(isComplete, signal) ?? (isComplete === false ? INCOMPLETE_STREAM : undefined);
}

/** The failure of a stream that the application reads no further; undefined if that was its own choice. */
export function leftFailure(isComplete: boolean | undefined, signal: unknown): Failure | undefined {
  const type = isComplete ? undefined : abortType(signal);
  return type === undefined
    ? undefined
    : { type, description: 'The call was aborted through its AbortSignal: the answer is incomplete.' };
}

/** Every exception of the service has `$fault`. */
function isOfService(error: unknown): boolean {
  return typeof error === 'object' && error !== null && '$fault' in error;
}
