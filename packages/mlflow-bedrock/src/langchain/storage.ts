/**
 * The place in which LangChain keeps the configuration of the code that runs: an `AsyncLocalStorage` in a global slot,
 * which LangGraph and `@langchain/core/context` fill with `AsyncLocalStorageProviderSingleton.initializeGlobalInstance`.
 */

const SLOT = Symbol.for('ls:tracing_async_local_storage');
const CHILD_CONFIG = Symbol.for('lc:child_config');

/** The interface by which LangChain uses the storage, `AsyncLocalStorageInterface` of `@langchain/core`. */
interface Storage {
  getStore(): unknown;
  enterWith(store: unknown): void;
  run<T>(store: unknown, call: (...args: unknown[]) => T, ...args: unknown[]): T;
}

/** Calls a function in the context of a run of LangChain. */
export type RunInside = <T>(runId: string | undefined, call: () => T) => T;

/**
 * Makes LangChain call the code of its steps by `runInside`: the nodes of graphs, tools and lambdas. LangChain's own
 * storage stays in use. Returns false while LangChain has none.
 */
export function observeStorage(runInside: RunInside): boolean {
  const slot = globalThis as { [SLOT]?: Storage | undefined };
  const storage = slot[SLOT];
  if (storage === undefined) return false;
  slot[SLOT] = {
    getStore: () => storage.getStore(),
    enterWith: (store) => storage.enterWith(store),
    run: (store, call, ...args) => storage.run(store, () => runInside(runIdOf(store), () => call(...args))),
  };
  return true;
}

/** The id of the run that code belongs to. Undefined outside of a run, and if LangChain keeps something else here. */
function runIdOf(store: unknown): string | undefined {
  const { extra } = (store ?? {}) as { extra?: { [CHILD_CONFIG]?: { callbacks?: Partial<CallbackManager> } } };
  const { callbacks } = extra?.[CHILD_CONFIG] ?? {};
  // Before its first run, the configuration has a list of handlers.
  return typeof callbacks?.getParentRunId === 'function' ? callbacks.getParentRunId() : undefined;
}

interface CallbackManager {
  getParentRunId(): string | undefined;
}
