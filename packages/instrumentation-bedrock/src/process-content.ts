/** The content options of the whole process, which `autolog()` of `mlflow-bedrock` sets. */

import type { BedrockInstrumentationConfig } from './config.js';
import { toJson } from './data/json.js';
import { isThenable } from './data/promise.js';
import type { ResolvedConfig } from './data/settings.js';

type ContentHook = NonNullable<ResolvedConfig['contentHook']>;

/** Registered globally, because a process can load this package twice: as ES module and as CommonJS. */
const KEY = Symbol.for('opentelemetry-instrumentation-bedrock.process-content.1');
const shared = globalThis as { [KEY]?: ResolvedConfig | undefined };

/**
 * Sets the content options for every instrumentation of the process.
 *
 * @param config undefined removes them.
 */
export function setProcessContent(config: ResolvedConfig | undefined): void {
  shared[KEY] = config;
}

/** The content options of the process; undefined if there are none. */
export function processContent(): ResolvedConfig | undefined {
  return shared[KEY];
}

/**
 * The settings of an instrumentation under those of its process: the strictest of both, and the process decides on what
 * the instrumentation does not set.
 *
 * @param own the resolved form of `options`.
 */
export function underProcess(
  own: ResolvedConfig,
  options: BedrockInstrumentationConfig,
  process: ResolvedConfig,
): ResolvedConfig {
  const strict = strictest(own, process);
  const formats = options.contentFormats === undefined ? process : own;
  const limits = ['maxContentLength', 'maxMediaBytes', 'maxEmbeddingLength', 'maxRecordLength'] as const;
  const inherited = limits.filter((name) => options[name] === undefined).map((name) => [name, process[name]] as const);
  const { recordStreamEvents = strict.recordStreamEvents && process.recordStreamEvents } = options;
  return {
    ...strict,
    ...Object.fromEntries(inherited),
    genAiContent: strict.contentOnSpans && formats.genAiContent,
    mlflowContent: strict.contentOnSpans && formats.mlflowContent,
    recordStreamEvents: strict.contentOnSpans && recordStreamEvents,
  };
}

/** By both settings, so that the combined hook of two hooks is one function, whose failure is logged once. */
const combined = new WeakMap<ResolvedConfig, WeakMap<ResolvedConfig, ResolvedConfig>>();

/** The first settings, with content only where the second ones record it, too, and after it has passed both hooks. */
export function strictest(first: ResolvedConfig, second: ResolvedConfig): ResolvedConfig {
  const known = combined.get(first)?.get(second);
  if (known) return known;
  const emitEvents = first.emitEvents && second.emitEvents;
  const contentOnSpans = first.contentOnSpans && second.contentOnSpans;
  const contentHook = bothHooks(first.contentHook, second.contentHook);
  const strict: ResolvedConfig = {
    ...first,
    captureContent: contentOnSpans || emitEvents,
    emitEvents,
    contentOnSpans,
    foreignWords: !contentOnSpans ? 'none' : contentHook ? 'hooked' : 'all',
    genAiContent: contentOnSpans && first.genAiContent,
    mlflowContent: contentOnSpans && first.mlflowContent,
    recordStreamEvents:
      contentOnSpans && first.recordStreamEvents && (second.recordStreamEvents || !second.contentHook),
    contentHook,
  };
  if (!combined.has(first)) combined.set(first, new WeakMap());
  combined.get(first)?.set(second, strict);
  return strict;
}

function bothHooks(first: ContentHook | undefined, second: ContentHook | undefined): ContentHook | undefined {
  if (!first || !second || first === second) return first ?? second;
  return (content) => {
    const edited: unknown = first(content);
    // The caller reports a promise.
    if (edited === undefined || isThenable(edited)) return edited as undefined;
    return second({ ...content, value: toJson(edited, { longNumbersAsText: true }) ?? null });
  };
}
