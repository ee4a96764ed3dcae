/** The content options of the whole process, which `autolog()` of `mlflow-bedrock` sets. */

import type { BedrockInstrumentationConfig } from './config.js';
import { toJson } from './data/json.js';
import { isThenable } from './data/promise.js';
import type { ResolvedConfig } from './data/settings.js';

type ContentHook = NonNullable<ResolvedConfig['contentHook']>;

/** Registered globally, because a process can load this package twice: as ES module and as CommonJS. */
const KEY = Symbol.for('opentelemetry-instrumentation-bedrock.process-content.1');
const shared = globalThis as { [KEY]?: ResolvedConfig | undefined };

/** Sets the content options for every instrumentation of the process. @param config undefined: no such options. */
export function setProcessContent(config: ResolvedConfig | undefined): void {
  shared[KEY] = config;
}

/** The content options of the process; undefined if there are none. */
export function processContent(): ResolvedConfig | undefined {
  return shared[KEY];
}

/**
 * The settings of an instrumentation under those of its process. Content is recorded only if both record it, and passes
 * both hooks. An option that the instrumentation does not set is that of the process.
 *
 * @param own the resolved form of `options`.
 */
export function underProcess(
  own: ResolvedConfig,
  options: BedrockInstrumentationConfig,
  process: ResolvedConfig,
): ResolvedConfig {
  const emitEvents = own.emitEvents && process.emitEvents;
  const contentOnSpans = own.contentOnSpans && process.contentOnSpans;
  const contentHook = bothHooks(own.contentHook, process.contentHook);
  const formats = options.contentFormats === undefined ? process : own;
  const recordsEvents = own.recordStreamEvents && (options.recordStreamEvents ?? process.recordStreamEvents);
  const { maxContentLength, maxMediaBytes, maxEmbeddingLength, maxRecordLength } = options;
  return {
    ...own,
    captureContent: contentOnSpans || emitEvents,
    emitEvents,
    contentOnSpans,
    foreignWords: !contentOnSpans ? 'none' : contentHook ? 'hooked' : 'all',
    genAiContent: contentOnSpans && formats.genAiContent,
    mlflowContent: contentOnSpans && formats.mlflowContent,
    recordStreamEvents: contentOnSpans && recordsEvents,
    contentHook,
    maxContentLength: maxContentLength === undefined ? process.maxContentLength : own.maxContentLength,
    maxMediaBytes: maxMediaBytes === undefined ? process.maxMediaBytes : own.maxMediaBytes,
    maxEmbeddingLength: maxEmbeddingLength === undefined ? process.maxEmbeddingLength : own.maxEmbeddingLength,
    maxRecordLength: maxRecordLength === undefined ? process.maxRecordLength : own.maxRecordLength,
  };
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
