/** What content becomes before it is recorded: first the application's hook, then the length limit. */

import { type JsonValue, toJson } from '../data/json.js';
import { isThenable } from '../data/promise.js';
import type { BedrockCallInfo, BedrockContent, ResolvedConfig } from '../data/settings.js';

/**
 * Returns the content to record; undefined if none may be recorded.
 *
 * @param onError receives what `contentHook` throws. The content is then not recorded.
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
    // The hook gets a copy: one that edits in place must not change what attributes are read from.
    const copy = toJson(value, { longNumbersAsText: true }) ?? null;
    const edited: unknown = hook({ ...info, kind, value: copy });
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
