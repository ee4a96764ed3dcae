/** One process, one instrumentation, one operation: `child.ts <job as JSON>`. Prints its measurement as JSON. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { Answer, Check, Job, Measurement } from './variants.js';
import { OUR_OPTIONS, PEER_OF } from './variants.js';

const FOLDER = resolve(import.meta.dirname, '..');
/** Everything that is compared comes from the same folder, so that all share one SDK and one OpenTelemetry. */
const load = createRequire(resolve(FOLDER, '.peers/package.json'));

interface Span {
  readonly attributes: Record<string, unknown>;
}

interface Client {
  send(command: unknown): Promise<{ stream?: AsyncIterable<unknown>; body?: unknown }>;
}

const job = JSON.parse(process.argv[2] ?? '') as Job;
const answer = JSON.parse(readFileSync(job.answer, 'utf8')) as Answer;
const bytes = Buffer.from(answer.body, 'base64');
const spans: Span[] = [];
let isChecking = true;

startTracing();
// Loaded after the instrumentation, so that module hooks see it.
const sdk = load('@aws-sdk/client-bedrock-runtime');
const client: Client = new sdk.BedrockRuntimeClient({
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  requestHandler: {
    handle: async () => ({
      response: { statusCode: 200, headers: answer.headers, body: Readable.from([bytes]) },
    }),
  },
});

const check = await checkOnce();
isChecking = false;
await run(Math.ceil(job.calls / 2)); // Warm-up: compiling is no cost of a call.
const before = process.cpuUsage();
await run(job.calls);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ microseconds: (user + system) / job.calls, check } satisfies Measurement));
process.exit();

/** The same provider and processor for all, with an exporter that forgets. */
function startTracing(): void {
  const { NodeTracerProvider, BatchSpanProcessor, AlwaysOffSampler } = load('@opentelemetry/sdk-trace-node');
  const exporter = {
    export(batch: readonly Span[], done: (result: { code: number }) => void): void {
      if (isChecking) spans.push(...batch);
      done({ code: 0 });
    },
    shutdown: async () => undefined,
    forceFlush: async () => undefined,
  };
  const provider = new NodeTracerProvider({
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 50 })],
    ...(job.variant === 'ours, unsampled' ? { sampler: new AlwaysOffSampler() } : {}),
  });
  provider.register();
  const instrumentation = createInstrumentation();
  instrumentation?.setTracerProvider(provider);
}

function createInstrumentation(): { setTracerProvider(provider: unknown): void } | undefined {
  const peer = PEER_OF[job.variant];
  if (peer) {
    const [packageName, className] = peer;
    return new (load(packageName)[className])();
  }
  const options = OUR_OPTIONS[job.variant];
  if (!options) return undefined;
  const ours = createRequire(import.meta.url)('../../packages/instrumentation-bedrock/dist/cjs/index.js');
  return new ours.BedrockInstrumentation(options);
}

async function run(calls: number): Promise<void> {
  for (let call = 0; call < calls; call++) await callOnce();
}

/** @returns the events that the application received. */
async function callOnce(): Promise<number> {
  const output = await client.send(createCommand());
  const stream = (output.stream ?? output.body) as AsyncIterable<unknown>;
  if (job.operation === 'Converse' || job.operation === 'InvokeModel') return 1;
  let events = 0;
  for await (const _event of stream) events++;
  return events;
}

function createCommand(): unknown {
  const text = 'What is the capital of France?';
  const modelId = 'anthropic.claude-3-haiku-20240307-v1:0';
  if (job.operation.startsWith('Converse')) {
    return new sdk[`${job.operation}Command`]({ modelId, messages: [{ role: 'user', content: [{ text }] }] });
  }
  const messages = [{ role: 'user', content: text }];
  const body = JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 100, messages });
  return new sdk[`${job.operation}Command`]({ modelId, body, contentType: 'application/json' });
}

async function checkOnce(): Promise<Check> {
  const events = await callOnce();
  // The batch is exported by the processor's timer.
  await new Promise((done) => setTimeout(done, 120));
  const attributes = Object.assign({}, ...spans.map((span) => span.attributes)) as Record<string, unknown>;
  const find = (...names: string[]): number | undefined =>
    names.map((name) => attributes[name]).find((value) => typeof value === 'number') as number | undefined;
  return {
    events,
    spans: spans.length,
    inputTokens: find('gen_ai.usage.input_tokens', 'llm.token_count.prompt', 'gen_ai.usage.prompt_tokens'),
    outputTokens: find('gen_ai.usage.output_tokens', 'llm.token_count.completion', 'gen_ai.usage.completion_tokens'),
    hasContent: JSON.stringify(attributes).includes('simulator'),
  };
}
