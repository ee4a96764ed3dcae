import { MlflowError } from '../../common/error.js';

// https://www.rfc-editor.org/rfc/rfc9110#name-field-names and #name-field-values: tokens, and Latin-1 without controls.
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Returns whether this is the name of an HTTP header. */
export function isHeaderName(name: string): boolean {
  return HEADER_NAME.test(name);
}

/** Returns whether an HTTP header can carry this value: no line breaks, nothing beyond Latin-1, not undefined. */
export function isHeaderValue(value: unknown): value is string {
  return typeof value === 'string' && HEADER_VALUE.test(value);
}

/** @throws MlflowError if this is not the name of an HTTP header */
export function requireHeaderName(name: string): void {
  if (isHeaderName(name)) return;
  // If the name is a whole header line, a secret may follow its colon.
  const shown = /^[\w-]*/.exec(name)?.[0];
  throw new MlflowError(`MLflow: headers has a name "${shown}…" that is not one of an HTTP header: correct it.`);
}

/** @throws MlflowError if no HTTP header can carry the value; the message does not show it, because it may be secret */
export function requireHeaderValue(value: string, setting: string): void {
  if (isHeaderValue(value)) return;
  throw new MlflowError(
    `MLflow: the value of ${setting} is missing or not fit for an HTTP header: use one without line breaks and characters beyond Latin-1.`,
  );
}
