/** Sends traces to an MLflow server, at a given rate or as fast as the server takes them. */

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { context, DiagConsoleLogger, DiagLogLevel, diag, type Tracer, trace } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { MlflowSpanExporter } from 'opentelemetry-exporter-mlflow';
import { type LoadJob, modelCallsPerTrace, type Sent } from './job.js';

const MODEL = 'amazon.nova-lite-v1:0';
/** The default of the batch processor. */
const QUEUE_SPANS = 2048;
const TICK_MILLIS = 50;
/**
 * For an export and for each attempt. If the exporter repeated a batch while a slow server still works on it, the server
 * would work twice and the result would count once.
 */
const TIMEOUT_MILLIS = 60_000;

/** Where to send. */
export interface Target {
  readonly url: string;
  readonly experimentName: string;
}

/** Makes the exporter and the queue log why spans are lost. */
export function reportLosses(): void {
  diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
}

/** Sends a few traces first, because connections, the experiment's look-up and compilation are no cost of a span. */
export async function warmUp(job: LoadJob, target: Target): Promise<void> {
  const { rate: _, ...unlimited } = job;
  const { lostSpans } = await sendLoad({ ...unlimited, batchSpans: 4 * job.spansPerTrace, seconds: 1 }, target);
  if (lostSpans > 0) throw new Error(`${target.url} does not take spans. The message above has the cause.`);
}

/** Sends what the job describes, and waits until it has arrived. */
export async function sendLoad(job: LoadJob, target: Target): Promise<Sent> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const senders = Array.from({ length: job.applications }, () =>
    job.rate === undefined ? sendBatches(job, target) : sendAtRate(job, job.rate / job.applications, target),
  );
  const counts = await Promise.all(senders);
  const { user, system } = process.cpuUsage(cpu);
  const spans = counts.reduce((sum, { delivered }) => sum + delivered, 0);
  return {
    spans,
    traces: Math.floor(spans / job.spansPerTrace),
    lostSpans: counts.reduce((sum, { made, delivered }) => sum + made - delivered, 0),
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (user + system) / 1_000_000,
  };
}

interface Count {
  readonly made: number;
  readonly delivered: number;
}

/** Sends one batch after the other, as the batch processor does if its queue is never empty. */
async function sendBatches(job: LoadJob, target: Target): Promise<Count> {
  const memory = new InMemorySpanExporter();
  const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }).getTracer('load');
  const exporter = createExporter(job, target);
  const end = performance.now() + job.seconds * 1000;
  const count = { made: 0, delivered: 0 };
  while (performance.now() < end) {
    for (let spans = 0; spans < job.batchSpans; spans += job.spansPerTrace) recordTrace(tracer, job);
    const batch = memory.getFinishedSpans();
    memory.reset();
    count.made += batch.length;
    if (await isDelivered(exporter, batch)) count.delivered += batch.length;
  }
  await exporter.shutdown();
  return count;
}

function isDelivered(exporter: SpanExporter, spans: ReadableSpan[]): Promise<boolean> {
  return new Promise((resolve) => {
    exporter.export(spans, ({ code }) => resolve(code === ExportResultCode.SUCCESS));
  });
}

/** Sends through a batch processor, whose queue drops spans if it is full. */
async function sendAtRate(job: LoadJob, rate: number, target: Target): Promise<Count> {
  const exporter = createExporter(job, target);
  const count = { made: 0, delivered: 0 };
  const counting: SpanExporter = {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code === ExportResultCode.SUCCESS) count.delivered += spans.length;
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
  const processor = new BatchSpanProcessor(counting, {
    maxQueueSize: QUEUE_SPANS,
    maxExportBatchSize: Math.min(job.batchSpans, QUEUE_SPANS),
    scheduledDelayMillis: 1000,
    exportTimeoutMillis: TIMEOUT_MILLIS + 1000,
  });
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  const tracer = provider.getTracer('load');
  const started = performance.now();
  const total = Math.round(rate * job.seconds);
  for (let made = 0; made < total; ) {
    const due = Math.min(total, ((performance.now() - started) / 1000) * rate);
    for (; made < due; made++) recordTrace(tracer, job);
    await delay(TICK_MILLIS);
  }
  count.made = total * job.spansPerTrace;
  await provider.shutdown().catch(() => {});
  return count;
}

function createExporter({ traceInfo }: LoadJob, { url, experimentName }: Target): MlflowSpanExporter {
  return new MlflowSpanExporter({
    trackingUri: url,
    experimentName,
    traceInfo,
    timeoutMillis: TIMEOUT_MILLIS,
    attemptTimeoutMillis: TIMEOUT_MILLIS,
  });
}

function recordTrace(tracer: Tracer, { spansPerTrace, kilobytes }: LoadJob): void {
  if (spansPerTrace === 1) {
    recordModelCall(tracer, kilobytes);
    return;
  }
  const root = tracer.startSpan('agent', { attributes: { 'mlflow.spanType': 'AGENT', 'session.id': 'session' } });
  const inside = trace.setSpan(context.active(), root);
  for (let call = 0; call < modelCallsPerTrace(spansPerTrace); call++) {
    recordModelCall(tracer, kilobytes, inside);
    tracer.startSpan('execute_tool', { attributes: { 'mlflow.spanType': 'TOOL' } }, inside).end();
  }
  root.end();
}

/** Records a span with the attributes of the instrumentation, and the content in both of its formats. */
function recordModelCall(tracer: Tracer, kilobytes: number, inside = context.active()): void {
  // A quarter for each of the four attributes. Half of it is text that compresses as prose does.
  const size = kilobytes * 256;
  const random = randomBytes(Math.ceil(size * 0.375)).toString('base64');
  const text = `${random}${'What is the capital of France? '.repeat(Math.ceil(size / 62))}`.slice(0, size);
  const span = tracer.startSpan(
    `chat ${MODEL}`,
    {
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'aws.bedrock',
        'gen_ai.request.model': MODEL,
        'gen_ai.response.finish_reasons': ['end_turn'],
        'gen_ai.usage.input_tokens': 100,
        'gen_ai.usage.output_tokens': 50,
        'gen_ai.input.messages': JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: text }] }]),
        'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: text }] }]),
        'mlflow.spanType': 'CHAT_MODEL',
        'mlflow.message.format': 'bedrock',
        'mlflow.llm.model': MODEL,
        'mlflow.chat.tokenUsage': '{"input_tokens":100,"output_tokens":50,"total_tokens":150}',
        'mlflow.spanInputs': JSON.stringify({ messages: [{ role: 'user', content: [{ text }] }] }),
        'mlflow.spanOutputs': JSON.stringify({ output: { message: { role: 'assistant', content: [{ text }] } } }),
      },
    },
    inside,
  );
  span.end();
}
