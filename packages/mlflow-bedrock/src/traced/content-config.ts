import { type ResolvedConfig, resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import { warn } from '../common/warn.js';
import { state } from '../current-trace/process-state.js';

/** How traced functions record content: by the options of `autolog()`, else by environment and defaults. */
export function contentConfig(): ResolvedConfig {
  state.content ??= resolveConfig({}, process.env, warn);
  return state.content;
}

/** @param config undefined: {@link contentConfig} reads environment and defaults again. */
export function setContentConfig(config: ResolvedConfig | undefined): void {
  state.content = config;
}
