/** Switches between variants in one process, which all have the same tracer provider and batch processor. */

import { OPERATIONS } from '../answers.js';
import { loadPeer } from '../install.js';
import { INSTRUMENTATIONS, partsOf, type Variant } from '../variants.js';

export interface BenchSpan {
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface Tracing {
  /** Runs the work within a span, as in an application that is traced itself. */
  inActiveSpan<Result>(work: () => Result): Result;
  /** Puts one variant in place of another. A client belongs to the variant in whose turn it was made. */
  use(variant: Variant | 'none'): void;
  /** Exports all spans that have ended. */
  flush(): Promise<void>;
}

interface Instrumentation {
  disable(): void;
  enable(): void;
  setTracerProvider(provider: unknown): void;
}

/** @param keep receives the spans of each batch */
export function startTracing(variants: readonly Variant[], keep: (batch: readonly BenchSpan[]) => void): Tracing {
  const { NodeTracerProvider, BatchSpanProcessor, AlwaysOffSampler } = loadPeer('@opentelemetry/sdk-trace-node');
  const { context, trace, TraceFlags } = loadPeer('@opentelemetry/api');
  const exporter = {
    export(batch: readonly BenchSpan[], done: (result: { code: number }) => void): void {
      keep(batch);
      done({ code: 0 });
    },
    shutdown: async () => undefined,
    forceFlush: async () => undefined,
  };
  const createProvider = (config: object = {}) =>
    new NodeTracerProvider({
      spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 50 })],
      ...config,
    });
  const sampled = createProvider();
  sampled.register();
  const unsampled = createProvider({ sampler: new AlwaysOffSampler() });

  // An instrumentation must exist before the SDK is loaded. The package of openinference loads the SDK, so it comes last.
  const isLast = (variant: Variant): boolean => partsOf(variant).subject === 'openinference';
  const ordered = [...variants.filter((variant) => !isLast(variant)), ...variants.filter(isLast)];
  const instrumentations = ordered.map((variant) => [variant, create(variant)] as const);
  const prototypes = prototypesOf(loadPeer('@aws-sdk/client-bedrock-runtime'));
  const original = prototypes.map(copyOf);
  const patches = new Map<Variant | 'none', readonly Properties[]>([['none', original]]);
  for (const [variant, instrumentation] of instrumentations) {
    instrumentation.setTracerProvider(partsOf(variant).mode === 'unsampled' ? unsampled : sampled);
    instrumentation.enable();
    patches.set(variant, prototypes.map(copyOf));
    putBack(prototypes, original);
  }
  let current: Variant | 'none' = 'none';
  const parent = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: TraceFlags.SAMPLED };
  return {
    inActiveSpan: (work) => context.with(trace.setSpan(context.active(), trace.wrapSpanContext(parent)), work),
    use(variant) {
      // A call may patch more, such as the class of its command.
      patches.set(current, prototypes.map(copyOf));
      putBack(prototypes, patches.get(variant) as readonly Properties[]);
      current = variant;
    },
    flush: () => sampled.forceFlush(),
  };
}

function create(variant: Variant): Instrumentation {
  const { subject, mode } = partsOf(variant);
  const { packageName, className, modes } = INSTRUMENTATIONS[subject];
  const instrumentation: Instrumentation = new (loadPeer(packageName)[className])(modes[mode]);
  instrumentation.disable();
  return instrumentation;
}

type Properties = PropertyDescriptorMap;

/** The prototypes of the client and of its commands: all that instrumentations patch. */
function prototypesOf(sdk: Readonly<Record<string, { prototype: object }>>): object[] {
  const found = new Set<object>();
  for (const name of ['BedrockRuntimeClient', ...OPERATIONS.map((operation) => `${operation}Command`)]) {
    let object = sdk[name]?.prototype;
    for (; object && object !== Object.prototype; object = Object.getPrototypeOf(object)) found.add(object);
  }
  return [...found];
}

function copyOf(object: object): Properties {
  return Object.getOwnPropertyDescriptors(object);
}

function putBack(objects: readonly object[], properties: readonly Properties[]): void {
  for (const [index, object] of objects.entries()) {
    const wanted = properties[index] as Properties;
    for (const [name, { value }] of Object.entries(copyOf(object))) {
      if (wanted[name] === undefined) Reflect.deleteProperty(object, name);
      else if (wanted[name].value !== value) Object.defineProperty(object, name, wanted[name]);
    }
    for (const [name, property] of Object.entries(wanted)) {
      if (!Object.hasOwn(object, name)) Object.defineProperty(object, name, property);
    }
  }
}
