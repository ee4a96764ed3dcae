import {
  processContent,
  type ResolvedConfig,
  resolveConfig,
  setProcessContent,
} from 'opentelemetry-instrumentation-bedrock/recording';
import { warn } from '../common/warn.js';
import { state } from './process-state.js';

/** How traced functions record content: by the options of `autolog()`, else by environment and defaults. */
export function contentConfig(): ResolvedConfig {
  const config = processContent();
  if (config) return config;
  state.defaultContent ??= resolveConfig({}, process.env, warn);
  return state.defaultContent;
}

/**
 * Sets the content options of the process. Each `BedrockInstrumentation` follows them, too.
 *
 * @param config undefined: {@link contentConfig} reads environment and defaults again.
 */
export function setContentConfig(config: ResolvedConfig | undefined): void {
  state.defaultContent = undefined;
  setProcessContent(config);
}
