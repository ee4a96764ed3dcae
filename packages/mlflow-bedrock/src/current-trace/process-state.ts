import type { Span } from '@opentelemetry/api';
import type { ResolvedConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import type { Identity } from './identity.js';

/** A trace with spans in this process, until its local root ends. */
export interface OpenTrace extends Identity {
  /** The span without a parent in this process. */
  readonly root: Span;
}

interface ProcessState {
  /** By trace id. */
  readonly traces: Map<string, OpenTrace>;
  /** True once a `CurrentTraceProcessor` exists. */
  hasProcessor?: boolean;
  lastTraceId?: string | undefined;
  activeRun?: string | undefined;
  content?: ResolvedConfig | undefined;
}

// Registered globally, because a process may load this package twice: as ES module by `--import`, and by `require`.
const KEY = Symbol.for('mlflow-bedrock.state.v1');

/** What all copies of this package in the process share. */
export const state: ProcessState = sharedState();

function sharedState(): ProcessState {
  const shared = globalThis as { [KEY]?: ProcessState };
  shared[KEY] ??= { traces: new Map() };
  return shared[KEY];
}
