/** The way of content into a span: hook first, then the length limit. */

import { type JsonValue, toJson } from '../data/json.js';
import { isThenable } from '../data/promise.js';
import type { BedrockCallInfo, BedrockContent, ResolvedConfig } from '../data/settings.js';

/**
 * What may be recorded of a piece of content; undefined when nothing may.
 *
 * @param onError is told when the hook throws; the content is then not recorded.
 */
export function prepareContent(
  kind: BedrockContent['kind'],
  value: JsonValue | undefined,
  info: BedrockCallInfo,
  config: ResolvedConfig,
  onError: (error: unknown) => void,
): JsonValue | undefined {
  if (value === undefined) return undefined;
  const limit = { maxStringLength: config.maxContentLength };
  const hook = config.contentHook;
  if (!hook) return config.maxContentLength === undefined ? value : toJson(value, limit);
  try {
    // A copy, so that a hook that edits in place edits what is recorded and not what was read for the span.
    const edited: unknown = hook({ ...info, kind, value: toJson(value) ?? null });
    if (isThenable(edited)) {
      edited.then(undefined, () => undefined);
      throw new TypeError('contentHook returned a promise; it must return the content itself');
    }
    return toJson(edited, limit);
  } catch (error) {
    onError(error);
    return undefined;
  }
}
