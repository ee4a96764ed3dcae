/** The value of the attribute `error.type`. */

import { isKnownErrorName, isNameOfClass } from './error-names.js';
import type { ForeignWords } from './settings.js';

declare const brand: unique symbol;

/** A type that may be recorded: one of the functions of this file has let it pass. */
export type ErrorType = string & { readonly [brand]: 'error.type' };

/** Value that the OpenTelemetry conventions define for errors without a usable type. */
const OTHER = '_OTHER' as ErrorType;

/** The length limit and the characters of an identifier. A service can send any text as an error's name. */
const IDENTIFIER = /^[A-Za-z_$][\w$.:#-]{0,127}$/;

/**
 * Returns the `error.type` of a thrown value.
 *
 * This is the error's `name`. For errors of the AWS SDK the name is the type that the service sent. A plain `Error` has
 * a `code` if Node.js threw it, such as `ECONNREFUSED`; then the code is returned.
 *
 * @param error any thrown value. Never throws, also if reading the value throws.
 * @param words unless it is `all`, only names of known errors and names of classes are returned. Default: `all`.
 * @returns `_OTHER` if there is neither a name nor a code, or if it is not an identifier.
 */
export function errorType(error: unknown, words: ForeignWords = 'all'): ErrorType {
  try {
    const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
    const candidates = name === 'Error' ? [code, name] : [name, code];
    const texts = candidates.filter((candidate) => typeof candidate === 'string');
    const [type] = words === 'all' ? texts : texts.filter((text) => isUsable(text, error, words));
    return type !== undefined && isUsable(type, error, words) ? (type as ErrorType) : OTHER;
  } catch {
    return OTHER;
  }
}

/**
 * Returns the `error.type` of a thrown value whose SDK has other names for it than {@link errorType} knows.
 *
 * @param names the best one first. Never throws, also if it does.
 * @returns the first name that may be recorded; `_OTHER` if there is none.
 */
export function namedErrorType(error: unknown, names: ErrorNames, words: ForeignWords): ErrorType {
  try {
    const type = names(error).find((name) => typeof name === 'string' && isUsable(name, error, words));
    return (type ?? OTHER) as ErrorType;
  } catch {
    return OTHER;
  }
}

/** Returns the names by which the type of an error can be recorded. */
export type ErrorNames = (error: unknown) => readonly unknown[];

function isUsable(name: string, error: unknown, words: ForeignWords): boolean {
  return IDENTIFIER.test(name) && (words === 'all' || isKnownErrorName(name) || isNameOfClass(error, name));
}

/** In a plain `Error` the name states nothing. */
const PLAIN: ReadonlySet<string> = new Set(['Error', OTHER]);

/**
 * Returns the `error.type` of an aborted call: the name of the signal's reason, such as `AbortError` and `TimeoutError`.
 *
 * @param signal the `abortSignal` of a call. Never throws, also if reading it throws.
 * @param words see {@link errorType}.
 * @returns undefined if the signal is no signal or is not aborted; `AbortError` if its reason has no name of its own.
 */
export function abortType(signal: unknown, words: ForeignWords): ErrorType | undefined {
  try {
    const { aborted, reason } = (signal ?? {}) as { readonly aborted?: unknown; readonly reason?: unknown };
    if (aborted !== true) return undefined;
    const type = errorType(reason, words);
    return PLAIN.has(type) ? ('AbortError' as ErrorType) : type;
  } catch {
    return undefined;
  }
}

/** A status code, which some models state in place of a type. */
const STATUS = /^[1-9]\d{2}$/;

/**
 * Returns the type of an error inside an answer.
 *
 * @param candidates types and codes as the model states them; the first one that is an identifier or a status code counts.
 * @returns `_OTHER` if there is none.
 */
export function statedErrorType(candidates: readonly unknown[]): string {
  for (const candidate of candidates) {
    const text = typeof candidate === 'number' ? String(candidate) : candidate;
    if (typeof text === 'string' && (IDENTIFIER.test(text) || STATUS.test(text))) return text;
  }
  return OTHER;
}

/** Returns a type that an answer states, or that this package states; `_OTHER` if it may not be recorded. */
export function knownErrorType(type: string, words: ForeignWords = 'none'): ErrorType {
  return words === 'all' || isKnownErrorName(type) ? (type as ErrorType) : OTHER;
}
