/** One way of sending spans. */

import { once } from 'node:events';
import { Agent, createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { context, type Tracer, trace } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { MlflowClient, MlflowSpanExporter } from 'opentelemetry-exporter-mlflow';
import { serve } from '../child.js';
import {
  BATCH_SPANS,
  CONCURRENCY,
  DOWN,
  type ExporterJob,
  type ExporterMeasurement,
  SPANS_PER_TRACE,
} from '../exporter-job.js';
import { loadPeer } from '../peers.js';

const UPLOAD_PATH = '/v1/traces';
const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const job = JSON.parse(process.argv[2] ?? '') as ExporterJob;
const isRawLoop = job.variant.startsWith('raw loop');

type SendAll = (spans: readonly ReadableSpan[]) => Promise<void>;

let send: Promise<SendAll> | undefined;
let experimentId: Promise<string> | undefined;

serve<object, ExporterMeasurement>(job.url === DOWN ? keepForServerThatIsDown : measure);

async function measure(): Promise<ExporterMeasurement> {
  send ??= createSender();
  const sendAll = await send;
  const spans = recordTraces(job.traces);
  const prepared = isRawLoop ? await prepareRequests(spans) : undefined;
  const cpu = process.cpuUsage();
  const started = performance.now();
  if (prepared === undefined) await sendAll(spans);
  else await sendRequests(prepared);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMicrosecondsPerSpan: (user + system) / spans.length, spansPerSecond: spans.length / seconds };
}

/** The batch processor of an application whose server is down: what stays in memory after so many traces. */
async function keepForServerThatIsDown(): Promise<ExporterMeasurement> {
  const processor = new BatchSpanProcessor(createExporter(job.url));
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  const tracer = provider.getTracer('bench');
  globalThis.gc?.();
  const before = process.memoryUsage();
  for (let index = 0; index < job.traces; index++) {
    recordTrace(tracer);
    // The application goes on with its own work, and lets the processor export.
    if (index % 20 === 0) await new Promise((done) => setImmediate(done));
  }
  globalThis.gc?.();
  const after = process.memoryUsage();
  const keptBytes = after.heapUsed + after.external - before.heapUsed - before.external;
  return { cpuMicrosecondsPerSpan: 0, spansPerSecond: 0, keptBytes };
}

/** Compiling, the experiment's look-up and the connections are no cost of a span, so they come first. */
async function createSender(): Promise<SendAll> {
  if (job.compileTraces) await prepareRequests(recordTraces(job.compileTraces));
  const exporter = isRawLoop ? undefined : createExporter(job.url);
  const sendAll: SendAll = async (spans) =>
    exporter === undefined ? sendRequests(await prepareRequests(spans)) : exportAll(exporter, spans);
  await sendAll(recordTraces(job.warmUpTraces));
  return sendAll;
}

/** One batch after the other, as the batch processor does. */
async function exportAll(exporter: SpanExporter, spans: readonly ReadableSpan[]): Promise<void> {
  for (const batch of batchesOf(spans)) {
    await new Promise<void>((resolve, reject) => {
      exporter.export(batch, ({ code, error }) =>
        code === ExportResultCode.SUCCESS ? resolve() : reject(error ?? new Error('The export failed.')),
      );
    });
  }
}

function createExporter(url: string): SpanExporter {
  if (job.variant.startsWith('ours') || isRawLoop) {
    return new MlflowSpanExporter({
      trackingUri: url,
      experimentName: job.experimentName,
      concurrencyLimit: CONCURRENCY,
      timeoutMillis: 120_000,
      traceInfo: job.variant.endsWith('otlp-only') ? 'otlp-only' : 'full',
      compression: job.compression,
    });
  }
  const options = { url: `${url}${UPLOAD_PATH}`, compression: job.compression as never };
  if (job.variant === 'stock OTLP/protobuf') return new OTLPTraceExporter(options);
  return new (loadPeer('@opentelemetry/exporter-trace-otlp-http').OTLPTraceExporter)(options);
}

/** Traces of an agent with two model calls and two tools, some kilobytes each. */
function recordTraces(traces: number): ReadableSpan[] {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
  const tracer = provider.getTracer('bench');
  for (let index = 0; index < traces; index++) recordTrace(tracer);
  return memory.getFinishedSpans();
}

function recordTrace(tracer: Tracer): void {
  const root = tracer.startSpan('agent', { attributes: { 'mlflow.spanType': 'AGENT', 'session.id': 'session' } });
  const below = trace.setSpan(context.active(), root);
  for (let call = 0; call < (SPANS_PER_TRACE - 1) / 2; call++) {
    tracer
      .startSpan(
        'chat',
        {
          attributes: {
            'gen_ai.operation.name': 'chat',
            'gen_ai.request.model': MODEL,
            'gen_ai.input.messages': messages('user'),
            'gen_ai.output.messages': messages('assistant'),
            'mlflow.llm.model': MODEL,
            'mlflow.chat.tokenUsage': '{"input_tokens":100,"output_tokens":50,"total_tokens":150}',
          },
        },
        below,
      )
      .end();
    tracer.startSpan('execute_tool', { attributes: { 'gen_ai.operation.name': 'execute_tool' } }, below).end();
  }
  root.end();
}

/** Made-up words: as with prose, compression finds the words again and not the sentences. */
const WORDS: readonly string[] = Array.from({ length: 2000 }, () =>
  Math.random()
    .toString(36)
    .slice(2, 4 + Math.floor(Math.random() * 6)),
);
const WORDS_PER_MESSAGE = 250;

function messages(role: string): string {
  const content = Array.from({ length: WORDS_PER_MESSAGE }, () => WORDS[Math.floor(Math.random() * WORDS.length)]);
  return JSON.stringify([{ role, parts: [{ type: 'text', content: content.join(' ') }] }]);
}

function batchesOf(spans: readonly ReadableSpan[]): ReadableSpan[][] {
  const batches: ReadableSpan[][] = [];
  for (let start = 0; start < spans.length; start += BATCH_SPANS) batches.push(spans.slice(start, start + BATCH_SPANS));
  return batches;
}

interface PreparedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** The very requests of `ours`, batch by batch, made beforehand: what is left is the network and the server. */
async function prepareRequests(spans: readonly ReadableSpan[]): Promise<PreparedRequest[][]> {
  const answer = JSON.stringify({
    experiment: { experiment_id: await experiment(), name: job.experimentName, lifecycle_stage: 'active' },
  });
  const batches: PreparedRequest[][] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const { host, connection, ...headers } = request.headers;
    const { url: path = '' } = request;
    // The upload comes first, the records of its traces follow.
    if (path === UPLOAD_PATH) batches.push([]);
    if (request.method === 'POST') batches.at(-1)?.push({ path, headers, body });
    response.setHeader('content-type', 'application/json').end(answer);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const exporter = createExporter(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await exportAll(exporter, spans);
  await exporter.shutdown();
  server.close();
  return batches;
}

function experiment(): Promise<string> {
  const client = new MlflowClient({ trackingUri: job.url });
  experimentId ??= client
    .getOrCreateExperiment(job.experimentName)
    .then(({ experimentId }) => experimentId)
    .finally(() => client.close());
  return experimentId;
}

async function sendRequests(batches: readonly PreparedRequest[][]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  for (const [upload, ...records] of batches) {
    if (upload !== undefined) await post(agent, upload);
    // The agent lets no more than its sockets through at a time.
    await Promise.all(records.map((record) => post(agent, record)));
  }
  agent.destroy();
}

function post(agent: Agent, { path, headers, body }: PreparedRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const client = request(`${job.url}${path}`, { method: 'POST', agent, headers });
    client.on('error', reject);
    client.on('response', (response) => {
      response.resume();
      response.on('end', () =>
        response.statusCode === 200
          ? resolve()
          : reject(new Error(`${path} was answered with ${response.statusCode}.`)),
      );
    });
    client.end(body);
  });
}
