import { type Attributes, context, propagation, trace } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

export interface Recording {
  spans(): ReadableSpan[];
  /** Returns the only span of this name. Throws if it has not ended or there are several. */
  span(name: string): ReadableSpan;
  stop(): Promise<void>;
}

/** Registers a tracer provider that keeps finished spans in memory until `stop()`. */
export function recordSpans(...processors: SpanProcessor[]): Recording {
  return recordSampled(new AlwaysOnSampler(), ...processors);
}

/** Like {@link recordSpans}, with a sampler. */
export function recordSampled(sampler: Sampler, ...processors: SpanProcessor[]): Recording {
  const memory = new InMemorySpanExporter();
  const spanProcessors = [...processors, new SimpleSpanProcessor(memory)];
  const provider = new NodeTracerProvider({ sampler, spanProcessors });
  provider.register();
  return {
    spans: () => memory.getFinishedSpans(),
    span: (name) => {
      const [found, ...more] = memory.getFinishedSpans().filter((span) => span.name === name);
      if (found === undefined || more.length > 0) throw new Error(`${found ? 'several spans' : 'no span'} ${name}`);
      return found;
    },
    stop: async () => {
      await provider.shutdown();
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}

export function json(attributes: Attributes, name: string): unknown {
  const text = attributes[name];
  return typeof text === 'string' ? JSON.parse(text) : undefined;
}
