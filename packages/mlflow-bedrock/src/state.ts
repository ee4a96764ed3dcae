/** What the whole process shares. */

import { diag, type Span } from '@opentelemetry/api';
import { type ResolvedConfig, resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import type { Identity } from './identity.js';

/** A trace that this process has a part in, until its local root ends. */
export interface OpenTrace extends Identity {
  /** The span of this process that has no parent here. */
  readonly root: Span;
}

interface State {
  readonly traces: Map<string, OpenTrace>;
  /** A {@link CurrentTraceProcessor} was made. */
  hasProcessor?: boolean;
  lastTraceId?: string | undefined;
  activeRun?: string | undefined;
  content?: ResolvedConfig | undefined;
}

// A global symbol, because an application may load this package twice: `--import` as an ES module, itself by `require`.
const KEY = Symbol.for('mlflow-bedrock.state.v1');

function sharedState(): State {
  const shared = globalThis as { [KEY]?: State };
  shared[KEY] ??= { traces: new Map() };
  return shared[KEY];
}

export const state: State = sharedState();

/** How content is recorded: as autolog() was told, else by the defaults and the environment. */
export function contentConfig(): ResolvedConfig {
  state.content ??= resolveConfig({}, process.env, (message) => diag.warn(`mlflow-bedrock: ${message}`));
  return state.content;
}

/** @param config undefined: by the defaults and the environment, read again. */
export function setContentConfig(config: ResolvedConfig | undefined): void {
  state.content = config;
}
