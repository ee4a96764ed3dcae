/** The value of the attribute `error.type`. */

/** Value that the OpenTelemetry conventions define for errors without a usable type. */
const OTHER = '_OTHER';

/** The length limit and the characters of an identifier. A service can send any text as an error's name. */
const IDENTIFIER = /^[A-Za-z_][\w.:#-]{0,127}$/;

/**
 * Returns the `error.type` of a thrown value.
 *
 * This is the error's `name`. For errors of the AWS SDK the name is the type that the service sent. A plain `Error` has
 * a `code` if Node.js threw it, such as `ECONNREFUSED`; then the code is returned.
 *
 * @param error any thrown value. Never throws, also if reading the value throws.
 * @returns `_OTHER` if there is neither a name nor a code, or if it is not an identifier.
 */
export function errorType(error: unknown): string {
  try {
    const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
    const candidates = name === 'Error' ? [code, name] : [name, code];
    const type = candidates.find((candidate) => typeof candidate === 'string');
    return type !== undefined && IDENTIFIER.test(type) ? type : OTHER;
  } catch {
    return OTHER;
  }
}

/** In a plain `Error` the name states nothing. */
const PLAIN = new Set(['Error', OTHER]);

/**
 * Returns the `error.type` of an aborted call: the name of the signal's reason, such as `AbortError` and `TimeoutError`.
 *
 * @param signal the `abortSignal` of a call. Never throws, also if reading it throws.
 * @returns undefined if the signal is no signal or is not aborted; `AbortError` if its reason has no name of its own.
 */
export function abortType(signal: unknown): string | undefined {
  try {
    const { aborted, reason } = (signal ?? {}) as { readonly aborted?: unknown; readonly reason?: unknown };
    if (aborted !== true) return undefined;
    const type = errorType(reason);
    return PLAIN.has(type) ? 'AbortError' : type;
  } catch {
    return undefined;
  }
}

/** A status code, which some models state in place of a type. */
const STATUS = /^[1-9]\d{2}$/;

/**
 * Returns the `error.type` of an error inside an answer.
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
