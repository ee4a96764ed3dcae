/** Members of unions that are newer than the SDK. */

import type { JsonObject } from './json.js';

/** The SDK wraps a member that it does not know as `$unknown: [name, value]`. Returns the object without the wrapper. */
export function unwrapUnknown(members: JsonObject): JsonObject {
  const unknown = members['$unknown'];
  if (!Array.isArray(unknown) || typeof unknown[0] !== 'string') return members;
  const { $unknown, ...known } = members;
  return { ...known, [unknown[0]]: unknown[1] };
}
