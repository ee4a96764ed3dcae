/** The `error.type` of errors of OpenAI's SDK: the service's own type, as for errors of the AWS SDK. */

import { plainHeaders } from './headers.js';

/** Chains of causes are short. */
const MAX_CAUSES = 5;

/**
 * Returns the names by which the type of an error can be recorded, the best one first: what the service states, else the
 * reason of Node.js for a lost connection, else the class. The SDK sets no `name`.
 */
export function errorNames(error: unknown): readonly unknown[] {
  if (typeof error !== 'object' || error === null) return [];
  const { status, code, type, headers, name } = error as Readonly<Record<string, unknown>>;
  const className = nameOfClass(error);
  if (typeof status !== 'number') return [...codesOf(error), className, name];
  // Bedrock's own errors, such as that of a missing permission, have their type in a header.
  const [ofService] = String(plainHeaders(headers)['x-amzn-errortype'] ?? '').split(':');
  return [code, type, ofService, className, name];
}

/** Returns undefined if the name of the class states nothing: minifiers replace it. */
function nameOfClass(error: object): string | undefined {
  const name = (error.constructor as { readonly name?: unknown } | undefined)?.name;
  return typeof name === 'string' && /.(?:Error|Exception)$/.test(name) ? name : undefined;
}

/** The codes of an error and of its causes: `fetch` hides the reason of a failure beneath an error of its own. */
function codesOf(error: unknown): unknown[] {
  const codes: unknown[] = [];
  let cause: unknown = error;
  for (let count = 0; count < MAX_CAUSES && typeof cause === 'object' && cause !== null; count++) {
    const { code, cause: next } = cause as { readonly code?: unknown; readonly cause?: unknown };
    codes.push(code);
    cause = next;
  }
  return codes;
}
