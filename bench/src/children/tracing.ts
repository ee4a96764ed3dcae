/** Switches one variant on: the same provider and processor for all, with an exporter that forgets. */

import { createRequire } from 'node:module';
import { loadPeer } from '../peers.js';
import { setupOf, type Variant } from '../variants.js';

export interface BenchSpan {
  readonly name: string;
  readonly attributes: Record<string, unknown>;
}

export interface BenchTracing {
  /** Runs the work as an application does that is traced itself: within a span. */
  inActiveSpan<Result>(work: () => Result): Result;
  /** Takes the instrumentation off the SDK, or puts it back on; clients that are made meanwhile stay as they are. */
  setTraced(isTraced: boolean): void;
  /** From now on, each call of the SDK gets a span like this one and nothing else. */
  replaceBy(span: BenchSpan): void;
}

type Send = (this: unknown, ...args: unknown[]) => Promise<unknown>;

interface ClientPrototype {
  send: Send;
}

/** @param keep is given the spans of each batch */
export function startTracing(variant: Variant, keep: (batch: readonly BenchSpan[]) => void): BenchTracing {
  const { NodeTracerProvider, BatchSpanProcessor, AlwaysOffSampler } = loadPeer('@opentelemetry/sdk-trace-node');
  const { context, trace, SpanKind, TraceFlags } = loadPeer('@opentelemetry/api');
  const setup = setupOf(variant);
  const exporter = {
    export(batch: readonly BenchSpan[], done: (result: { code: number }) => void): void {
      keep(batch);
      done({ code: 0 });
    },
    shutdown: async () => undefined,
    forceFlush: async () => undefined,
  };
  const provider = new NodeTracerProvider({
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 50 })],
    ...(setup?.unsampled ? { sampler: new AlwaysOffSampler() } : {}),
  });
  provider.register();
  // Ours patches an SDK that is loaded already, and leaves what it replaced when it is disabled.
  const prototype = setup?.peer ? undefined : clientPrototype();
  const sdkSend = prototype?.send;
  const instrumentation = setup && createInstrumentation(setup);
  instrumentation?.setTracerProvider(provider);
  let tracedSend = prototype?.send;
  const parent = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: TraceFlags.SAMPLED };
  return {
    inActiveSpan: (work) => context.with(trace.setSpan(context.active(), trace.wrapSpanContext(parent)), work),
    setTraced(isTraced) {
      if (prototype) prototype.send = (isTraced ? tracedSend : sdkSend) as Send;
      else if (isTraced) instrumentation?.enable();
      else instrumentation?.disable();
    },
    replaceBy({ name, attributes }) {
      const tracer = provider.getTracer('bare');
      tracedSend = function (this: unknown, ...args) {
        const span = tracer.startSpan(name, { kind: SpanKind.CLIENT });
        const answer: Promise<unknown> = context.with(trace.setSpan(context.active(), span), () =>
          sdkSend?.apply(this, args),
        );
        return answer.then((output) => {
          span.setAttributes(attributes);
          span.end();
          return output;
        });
      };
    },
  };
}

/** The object of the prototype chain that holds `send`: ours replaces it there. */
function clientPrototype(): ClientPrototype {
  let prototype = loadPeer('@aws-sdk/client-bedrock-runtime').BedrockRuntimeClient.prototype;
  while (!Object.hasOwn(prototype, 'send')) prototype = Object.getPrototypeOf(prototype);
  return prototype;
}

interface Instrumentation {
  enable(): void;
  disable(): void;
  setTracerProvider(provider: unknown): void;
}

function createInstrumentation({
  peer,
  options,
}: {
  peer?: readonly [string, string];
  options: object;
}): Instrumentation {
  if (peer) return new (loadPeer(peer[0])[peer[1]])(options);
  const ours = createRequire(import.meta.url)('../../../packages/instrumentation-bedrock/dist/cjs/index.js');
  return new ours.BedrockInstrumentation(options);
}
