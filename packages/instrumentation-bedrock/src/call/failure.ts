/** Why a call failed, as its span and metrics record it. */

import { abortType, type ErrorNames, errorType, knownErrorType, namedErrorType } from '../data/error-type.js';
import { errorMessage, errorStack } from '../data/errors.js';
import type { Failure, StatedError } from '../data/facts.js';
import type { JsonValue } from '../data/json.js';
import type { ForeignWords } from '../data/settings.js';

/** Returns what may be recorded of a message or stack trace of an error. It can quote the request, so it is content. */
type ShowText = (text: string) => JsonValue | undefined;

/** The SDK reports no error for a stream that the connection cut off. Only the closing event is missing. */
const INCOMPLETE_STREAM: Failure = {
  type: knownErrorType('incomplete_stream'),
  description: 'The stream ended without its closing event: the answer is incomplete.',
};

/** What decides how the error of a call is recorded. */
export interface ErrorRules {
  /** The `abortSignal` of the call. The SDK reports an abort under several names, and over HTTP/1.1 as `ECONNRESET`. */
  readonly signal: unknown;
  /** The names that the errors of the SDK have. Default: see {@link errorType}. */
  readonly names: ErrorNames | undefined;
  readonly words: ForeignWords;
}

/** The failure of a call for which the SDK has thrown an error. */
export function thrownFailure(error: unknown, { signal, names, words }: ErrorRules, show: ShowText): Failure {
  const message = errorMessage(error);
  const shown = show(message);
  const type = isOfService(error) ? undefined : abortType(signal, words);
  return {
    type: type ?? (names ? namedErrorType(error, names, words) : errorType(error, words)),
    message: typeof shown === 'string' ? shown : undefined,
    // The stack trace repeats the message, so it may be recorded only if the message is recorded unchanged.
    stack: shown === message ? shownStack(error, show, words) : undefined,
  };
}

/** A stack trace also has the error's name and names of functions, so it passes the hook, too. */
function shownStack(error: unknown, show: ShowText, words: ForeignWords): string | undefined {
  const stack = errorStack(error);
  const shown = stack === undefined || words === 'all' ? stack : show(stack);
  return typeof shown === 'string' ? shown : undefined;
}

/** The failure of a call whose answer states an error. */
export function statedFailure({ type, message }: StatedError, show: ShowText, words: ForeignWords): Failure {
  const shown = message === undefined ? undefined : show(errorMessage(message));
  return { type: knownErrorType(type, words), message: typeof shown === 'string' ? shown : undefined };
}

/** The failure of a stream that has ended by itself; undefined if its answer is complete. */
export function endFailure(isComplete: boolean | undefined, rules: ErrorRules): Failure | undefined {
  return leftFailure(isComplete, rules) ?? (isComplete === false ? INCOMPLETE_STREAM : undefined);
}

/** The failure of a stream that the application reads no further; undefined if that was its own choice. */
export function leftFailure(isComplete: boolean | undefined, { signal, words }: ErrorRules): Failure | undefined {
  const type = isComplete ? undefined : abortType(signal, words);
  return type === undefined
    ? undefined
    : { type, description: 'The call was aborted through its AbortSignal: the answer is incomplete.' };
}

/** The failure of a step that was running when its call ended; undefined if the call has not failed. */
export function openFailure(ofCall: Failure | undefined): Failure | undefined {
  return (
    ofCall && {
      type: ofCall.type,
      description: 'The call failed before the service had reported the end of this step.',
    }
  );
}

/** Every exception of the service has `$fault` in the AWS SDK, and a status in OpenAI's. */
function isOfService(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  return '$fault' in error || ('status' in error && typeof error.status === 'number');
}
