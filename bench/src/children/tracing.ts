/** Switches variants on and off: the same provider and processor for all, with an exporter that forgets. */

import { loadOurs, loadPeer } from '../peers.js';
import { type Setup, setupOf, type Variant } from '../variants.js';
import { createLeastSend, type Send } from './least.js';

export interface BenchSpan {
  readonly name: string;
  readonly attributes: Record<string, unknown>;
}

export interface BenchTracing {
  /** Runs the work as an application does that is traced itself: within a span. */
  inActiveSpan<Result>(work: () => Result): Result;
  /** Takes what is on off the SDK, and puts this one on; clients that are made meanwhile stay as they are. */
  use(variant: Variant): void;
  /** Adds options to those of a variant of this project; what was added before is taken back. */
  configure(variant: Variant, options: object): void;
  /**
   * Tells the yardsticks (`children/least.ts`) what to write: name and attributes of a span that `ours` made without
   * content. Does nothing where there are none.
   *
   * @param call makes one call, and returns its span
   */
  learn(call: () => Promise<BenchSpan | undefined>): Promise<void>;
}

interface ClientPrototype {
  send: Send;
}

interface Instrumentation {
  enable(): void;
  disable(): void;
  setTracerProvider(provider: unknown): void;
  setConfig(config: object): void;
}

/** What the yardsticks write is learned from it. */
const TEACHER: Variant = 'ours, content off';

/** @param keep is given the spans of each batch */
export function startTracing(variants: readonly Variant[], keep: (batch: readonly BenchSpan[]) => void): BenchTracing {
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

  const hasYardstick = variants.some((variant) => setupOf(variant)?.floor);
  const all = new Set(hasYardstick ? [...variants, TEACHER] : variants);
  const instrumentations = new Map<Variant, Instrumentation>();
  const createAll = (isNext: (setup: Setup) => boolean): void => {
    for (const variant of all) {
      const setup = setupOf(variant);
      if (!setup || setup.floor || !isNext(setup)) continue;
      const instrumentation = createInstrumentation(setup);
      instrumentation.setTracerProvider(setup.unsampled ? unsampled : sampled);
      instrumentation.disable();
      instrumentations.set(variant, instrumentation);
    }
  };
  // Peers meet the SDK when it is loaded. Ours patches one that is loaded already, and leaves what it replaced there.
  createAll(({ peer, loadsSdk }) => peer !== undefined && !loadsSdk);
  createAll(({ loadsSdk }) => loadsSdk === true);
  const prototype = clientPrototype();
  const sdkSend = prototype.send;
  createAll(({ peer }) => peer === undefined);
  const oursSend = prototype.send;
  prototype.send = sdkSend;

  const restore = (): void => {
    // Peers replace `send` on the class itself, and put there what it inherited: in the way of what comes next.
    const { prototype: own } = clientClass();
    if (own !== prototype) Reflect.deleteProperty(own, 'send');
    prototype.send = sdkSend;
  };
  let learned: BenchSpan | undefined;
  const sends = new Map<Variant, Send>();
  for (const variant of all) {
    const setup = setupOf(variant);
    if (!setup || setup.peer) continue;
    const tracer = (setup.unsampled ? unsampled : sampled).getTracer('least');
    sends.set(variant, setup.floor ? createLeastSend(setup.floor, tracer, sdkSend, () => learned) : oursSend);
  }
  let current: Variant = 'none';
  const use = (variant: Variant): void => {
    if (variant === current) return;
    instrumentations.get(current)?.disable();
    restore();
    current = variant;
    prototype.send = sends.get(variant) ?? sdkSend;
    instrumentations.get(variant)?.enable();
  };
  const parent = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: TraceFlags.SAMPLED };
  return {
    inActiveSpan: (work) => context.with(trace.setSpan(context.active(), trace.wrapSpanContext(parent)), work),
    use,
    configure: (variant, options) =>
      instrumentations.get(variant)?.setConfig({ ...setupOf(variant)?.options, ...options }),
    async learn(call) {
      if (!hasYardstick) return;
      use(TEACHER);
      learned = await call();
      if (!learned) throw new Error('There is no span to learn from.');
    },
  };
}

function clientClass(): { prototype: ClientPrototype } {
  return loadPeer('@aws-sdk/client-bedrock-runtime').BedrockRuntimeClient;
}

/** The object of the prototype chain that holds `send`: ours replaces it there. */
function clientPrototype(): ClientPrototype {
  let { prototype } = clientClass();
  while (!Object.hasOwn(prototype, 'send')) prototype = Object.getPrototypeOf(prototype);
  return prototype;
}

function createInstrumentation({ peer, options }: Setup): Instrumentation {
  const [exported, className] = peer ? [loadPeer(peer[0]), peer[1]] : [loadOurs(), 'BedrockInstrumentation'];
  return new exported[className](options);
}
