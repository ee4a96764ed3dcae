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
