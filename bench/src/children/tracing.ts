/** Switches one variant on: the same provider and processor for all, with an exporter that forgets. */

import { createRequire } from 'node:module';
import { loadPeer } from '../peers.js';
import { setupOf, type Variant } from '../variants.js';
import { type Exchanged, readLeast } from './least.js';

export interface BenchSpan {
  readonly name: string;
  readonly attributes: Record<string, unknown>;
}

export interface BenchTracing {
  /** Runs the work as an application does that is traced itself: within a span. */
  inActiveSpan<Result>(work: () => Result): Result;
  /** Takes the instrumentation off the SDK, or puts it back on; clients that are made meanwhile stay as they are. */
  setTraced(isTraced: boolean): void;
  /** Adds options to those of the variant; what was added before is taken back. */
  configure(options: object): void;
  /**
   * From now on, each call of the SDK gets a span with this name and these attributes, and the least is done for it.
   *
   * @param span absent where none is recorded.
   */
  replaceBy(span: BenchSpan | undefined): void;
}

type Send = (this: unknown, command: unknown, ...rest: unknown[]) => Promise<unknown>;

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
    configure: (options) => instrumentation?.setConfig({ ...setup?.options, ...options }),
    replaceBy(recorded) {
      const tracer = provider.getTracer('least');
      const withContent = setup?.floor === 'content';
      tracedSend = function (this: unknown, command, ...rest) {
        const span = tracer.startSpan(recorded?.name ?? 'chat', { kind: SpanKind.CLIENT });
        const answer = context.with(trace.setSpan(context.active(), span), () => sdkSend?.call(this, command, ...rest));
        if (!recorded) return answer;
        return answer.then((output: Exchanged) => {
          readLeast((command as { input: Exchanged }).input, output, withContent, (content) => {
            span.setAttributes(recorded.attributes);
            span.setAttributes(content);
            span.end();
          });
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
  setConfig(config: object): void;
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
