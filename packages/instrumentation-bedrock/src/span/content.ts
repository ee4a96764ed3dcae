/**
 * The one gate for content: first the application's hook, then the length limit. Texts of figures and ids pass
 * `facts.ts` instead.
 */

import { type JsonValue, toJson } from '../data/json.js';
import { isThenable } from '../data/promise.js';
import type { BedrockCallInfo, BedrockContent, ResolvedConfig } from '../data/settings.js';

type ContentHook = NonNullable<ResolvedConfig['contentHook']>;

/** The hooks whose failure is logged. Registered globally, because a process can load this package twice. */
const REPORTED = Symbol.for('opentelemetry-instrumentation-bedrock.failed-hooks.1');
const registry = globalThis as { [REPORTED]?: WeakSet<ContentHook> };
registry[REPORTED] ??= new WeakSet();
const reported = registry[REPORTED];

/**
 * Returns the content to record; undefined if none may be recorded.
 *
 * @param onError gets a message and the error if `contentHook` fails for the first time in this process. The content is
 *   then not recorded.
 */
export function prepareContent(
  kind: BedrockContent['kind'],
  value: JsonValue | undefined,
  info: BedrockCallInfo,
  config: ResolvedConfig,
  onError: (what: string, error: unknown) => void,
): JsonValue | undefined {
  if (value === undefined) return undefined;
  const limit = { maxStringLength: config.maxContentLength };
  const hook = config.contentHook;
  if (!hook) return config.maxContentLength === undefined ? value : toJson(value, limit);
  let what = 'contentHook threw; the content it was given is not recorded';
  try {
    // The hook gets a copy: one that edits in place must not change what attributes are read from.
    const copy = toJson(value, { longNumbersAsText: true }) ?? null;
    const edited: unknown = hook({ ...info, kind, value: copy });
    if (isThenable(edited)) {
      what = 'contentHook returned a promise and must return the content itself; the content is not recorded';
      edited.then(undefined, () => undefined);
      throw new TypeError(what);
    }
    return toJson(edited, limit);
  } catch (error) {
    if (!reported.has(hook)) {
      reported.add(hook);
      onError(what, error);
    }
    return undefined;
  }
}
