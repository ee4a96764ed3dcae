/**
 * Classes of SDKs in bundles, where no module hook runs. A bundler plugin adds a statement to the module that defines a
 * class, which pushes an object with the class, by its name, to a list on `globalThis`. The first reader of the list
 * replaces its `push`, so the statement works whether the bundle or the instrumentation starts first.
 */

/** A module's exports, as far as they were handed over. */
type HandedOver = Readonly<Record<string, { readonly prototype?: object } | undefined>>;

type Reader = (handedOver: HandedOver) => void;

interface Registry extends Array<HandedOver> {
  /** Shared by all copies and versions of this package. */
  readers?: Set<Reader>;
}

// The statement of `mlflow-bedrock/esbuild` and the plugins beside it has this symbol.
const REGISTRY = Symbol.for('opentelemetry-instrumentation-bedrock.sdks.v1');
const shared = globalThis as { [REGISTRY]?: Registry };

/**
 * Calls `reader`, which must not throw, with everything that bundles have handed over, and with what they hand over later.
 *
 * @returns a function that ends it.
 */
export function readHandedOver(reader: Reader): () => void {
  shared[REGISTRY] ??= [];
  const registry = shared[REGISTRY];
  const readers = registry.readers ?? watch(registry);
  readers.add(reader);
  for (const handedOver of registry) reader(handedOver);
  return () => readers.delete(reader);
}

function watch(registry: Registry): Set<Reader> {
  const readers = new Set<Reader>();
  registry.readers = readers;
  registry.push = (...added) => {
    const length = Array.prototype.push.apply(registry, added);
    for (const handedOver of added) for (const reader of readers) reader(handedOver);
    return length;
  };
  return readers;
}
