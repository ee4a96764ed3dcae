import { randomUUID } from 'node:crypto';
import { type Attributes, context, type Span, type Tracer, trace } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
// The first request loads undici. Tests with short deadlines must not wait for that.
import 'undici';
import type { ReadableSpan as AnyLineSpan, SpanExporter } from '../../src/index.js';

export const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';

/** Returns a name that no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID()}`;
}

export interface Tracing {
  tracer: Tracer;
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Starts a tracer provider that is not registered globally, with the exporter behind a BatchSpanProcessor. */
export function startTracing(exporter: SpanExporter): Tracing {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'exporter-test' }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  return {
    tracer: provider.getTracer('test'),
    flush: () => provider.forceFlush(),
    shutdown: () => provider.shutdown(),
  };
}

/** Records spans of up to two instrumentations, without an exporter. Returns them in the order of their end. */
export function recordSpans(work: (tracer: Tracer, other: Tracer) => void): ReadableSpan[] {
  const memory = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'exporter-test' }),
    spanProcessors: [new SimpleSpanProcessor(memory)],
  });
  work(provider.getTracer('test'), provider.getTracer('other'));
  return memory.getFinishedSpans();
}

/** Returns an ended child of `parent`. */
export function childSpan(tracer: Tracer, parent: Span, name: string, attributes: Attributes = {}): Span {
  const span = tracer.startSpan(name, { attributes }, trace.setSpan(context.active(), parent));
  span.end();
  return span;
}

/** Returns the attributes of one model call, by default with ten input and five output tokens. */
export function chatAttributes(question: string, answer: string, [input, output] = [10, 5]): Attributes {
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': MODEL,
    'gen_ai.input.messages': JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: question }] }]),
    'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: answer }] }]),
    'mlflow.llm.model': MODEL,
    'mlflow.chat.tokenUsage': JSON.stringify({
      input_tokens: input,
      output_tokens: output,
      total_tokens: Number(input) + Number(output),
    }),
  };
}

/** Waits for one export and counts how often the exporter called back. */
export async function exportSpans(
  exporter: SpanExporter,
  spans: AnyLineSpan[],
): Promise<ExportResult & { calls: () => number }> {
  let calls = 0;
  const result = await new Promise<ExportResult>((resolve) => {
    exporter.export(spans, (result) => {
      calls += 1;
      resolve(result);
    });
  });
  return { ...result, calls: () => calls };
}

export const { SUCCESS, FAILED } = ExportResultCode;
