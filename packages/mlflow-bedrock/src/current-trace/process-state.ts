import type { Span } from '@opentelemetry/api';
import type { ResolvedConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import type { LocalRoot } from './local-root.js';

interface ProcessState {
  /** The local root of each span, for as long as the application or a processor holds the span. */
  readonly localRoots: WeakMap<object, LocalRoot>;
  /** The same by span id, for copies of spans. A span leaves once it and its local root ended. */
  readonly bySpanId: Map<string, WeakRef<LocalRoot>>;
  /** Key of the local root in the context of a traced function. */
  readonly contextKey: symbol;
  /** True once a `CurrentTraceProcessor` exists. */
  hasProcessor?: boolean;
  lastTraceId?: string | undefined;
  activeRun?: string | undefined;
  /** How content is recorded without `autolog()`. */
  defaultContent?: ResolvedConfig | undefined;
  /** Names of headers that no traced function records, besides the usual ones. */
  sensitiveHeaders?: readonly string[] | undefined;
}

// Registered globally, because a process may load this package twice: as ES module by `--import`, and by `require`.
const KEY = Symbol.for('mlflow-bedrock.state.v2');

/** What all copies of this package in the process share. */
export const state: ProcessState = sharedState();

function sharedState(): ProcessState {
  const shared = globalThis as { [KEY]?: ProcessState };
  shared[KEY] ??= {
    localRoots: new WeakMap<Span, LocalRoot>(),
    bySpanId: new Map(),
    contextKey: Symbol('mlflow-bedrock.local-root'),
  };
  return shared[KEY];
}
