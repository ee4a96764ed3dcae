/** Measures the CPU time that one exporter takes to send spans. */

import { pathToFileURL } from 'node:url';
import type { Tracer } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { finish, readJob } from '../child.js';
import { BATCH_SPANS, type ExporterJob, SPANS_PER_TRACE } from '../exporters.js';
import { loadPeer } from '../install.js';

/** Made-up words. As in prose, compression finds the words again but not the sentences. */
const WORDS: readonly string[] = Array.from({ length: 2000 }, () => Math.random().toString(36).slice(2, 8));
const WORDS_PER_MESSAGE = 250;

const { context, trace } = loadPeer('@opentelemetry/api');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = loadPeer('@opentelemetry/sdk-trace-node');
const { module, className, options, batches } = await readJob<ExporterJob>();
const exports =
  module === undefined
    ? loadPeer('@opentelemetry/exporter-trace-otlp-proto')
    : await import(pathToFileURL(module).href);
const exporter: SpanExporter = new exports[className](options);
// The warm-up excludes compilation, which is not a cost of a span.
const warmUpBatches = Math.floor(batches / 3);
await exportAll(recordSpans(warmUpBatches));
const spans = recordSpans(batches - warmUpBatches);
const before = process.cpuUsage();
await exportAll(spans);
const { user, system } = process.cpuUsage(before);
finish((user + system) / spans.length);

/** One batch after another, as the batch processor does. */
async function exportAll(spans: readonly ReadableSpan[]): Promise<void> {
  for (let start = 0; start < spans.length; start += BATCH_SPANS) {
    await new Promise<void>((resolve, reject) => {
      exporter.export(spans.slice(start, start + BATCH_SPANS), ({ code, error }) =>
        code === 0 ? resolve() : reject(error ?? new Error('The export failed.')),
      );
    });
  }
}

/** Traces of an agent with two model calls and two tools. */
function recordSpans(batches: number): ReadableSpan[] {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
  const tracer: Tracer = provider.getTracer('bench');
  for (let spans = 0; spans < batches * BATCH_SPANS; spans += SPANS_PER_TRACE) recordTrace(tracer);
  return memory.getFinishedSpans().slice(0, batches * BATCH_SPANS);
}

function recordTrace(tracer: Tracer): void {
  const root = tracer.startSpan('agent', {
    attributes: { 'gen_ai.operation.name': 'invoke_agent', 'session.id': '1' },
  });
  const below = trace.setSpan(context.active(), root);
  for (let call = 0; call < (SPANS_PER_TRACE - 1) / 2; call++) {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'anthropic.claude-3-haiku-20240307-v1:0',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.input.messages': messages('user'),
      'gen_ai.output.messages': messages('assistant'),
    };
    tracer.startSpan('chat', { attributes }, below).end();
    tracer.startSpan('execute_tool', { attributes: { 'gen_ai.operation.name': 'execute_tool' } }, below).end();
  }
  root.end();
}

function messages(role: string): string {
  const content = Array.from({ length: WORDS_PER_MESSAGE }, () => WORDS[Math.floor(Math.random() * WORDS.length)]);
  return JSON.stringify([{ role, parts: [{ type: 'text', content: content.join(' ') }] }]);
}
