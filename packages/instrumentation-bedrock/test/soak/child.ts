/**
 * The application of a soak: `child.ts <options and url as JSON>`, with --expose-gc. Prints one JSON object per line: the
 * progress, then the result. Afterwards the process must end by itself.
 */

import * as agentSdk from '@aws-sdk/client-bedrock-agent-runtime';
import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { BedrockInstrumentation } from '../../src/index.js';
import { Clients } from './endpoints.js';
import { SpanLedger } from './ledger.js';
import { CALLS, createSwitcher, nameOf, planCalls } from './plan.js';
import type { ChildResult, SoakOptions } from './result.js';
import type { Outcome } from './situations.js';

/** A message to the process that started this one. */
export type Message =
  | { readonly progress: { readonly calls: number; readonly heap: number } }
  | { readonly result: ChildResult }
  | { readonly leftovers: readonly string[] };

const EXAMPLES_SHOWN = 10;
/** Every endpoint answers within a second, so a longer call gets no answer. */
const CALL_TIMEOUT_MILLIS = 30_000;
const QUARTERS = 4;
/** Turns of the event loop, each with a garbage collection, in which unread streams must end their spans. */
const COLLECTIONS = 200;

const { url, ...options } = JSON.parse(process.argv[2] ?? '') as SoakOptions & { readonly url: string };
const unhandledRejections: string[] = [];
const diagnostics: string[] = [];
const warnings: string[] = [];
process.on('unhandledRejection', (reason) => unhandledRejections.push(String(reason)));
process.on('warning', ({ message }) => warnings.push(message));
// The process that started this one sends SIGTERM if this one does not end.
process.on('SIGTERM', () => {
  tell({ leftovers: process.getActiveResourcesInfo() });
  process.exit(1);
});

let isStuck = false;
await main();

async function main(): Promise<void> {
  const plan = planCalls(options.calls, options.seed);
  const expected = await runWithoutInstrumentation(new Set(plan));
  const tracing = startTracing();
  const clients = new Clients(url);
  const prepare = createSwitcher(tracing.instrumentation, options.seed);
  const heap: number[] = [];
  const examples: string[] = [];
  let callsWhileEnabled = 0;
  let differences = 0;
  const start = performance.now();
  for (let quarter = 1; quarter <= QUARTERS; quarter++) {
    const from = Math.round(((quarter - 1) * plan.length) / QUARTERS);
    const to = Math.round((quarter * plan.length) / QUARTERS);
    await forEach(plan.subarray(from, to), async (index) => {
      prepare();
      if (tracing.instrumentation.isEnabled()) callsWhileEnabled++;
      const outcome = await runCall(index, clients);
      if (outcome === expected.get(index)) return;
      differences++;
      if (examples.length < EXAMPLES_SHOWN) examples.push(difference(index, outcome, expected.get(index)));
    });
    clients.close();
    await settle(tracing.ledger);
    heap.push(process.memoryUsage().heapUsed / 2 ** 20);
    tell({ progress: { calls: to, heap: heap.at(-1) ?? 0 } });
  }
  const { started, ended, endedTwice } = tracing.ledger;
  const openStreams = tracing.instrumentation['streams'].size;
  await tracing.close();
  const seconds = (performance.now() - start) / 1000;
  tell({
    result: {
      seconds,
      callsWhileEnabled,
      spansStarted: started,
      spansEnded: ended,
      spansEndedTwice: endedTwice,
      openStreams,
      heap,
      kinds: expected.size,
      differences,
      examples,
      unhandledRejections,
      diagnostics,
      warnings,
    },
  });
}

/** The outcome of each kind of call without instrumentation. Nothing is patched yet. */
async function runWithoutInstrumentation(indexes: ReadonlySet<number>): Promise<Map<number, Outcome>> {
  const clients = new Clients(url);
  const outcomes = new Map<number, Outcome>();
  await forEach([...indexes], async (index) => {
    outcomes.set(index, await runCall(index, clients));
  });
  clients.close();
  return outcomes;
}

async function runCall(index: number, clients: Clients): Promise<Outcome> {
  const { request, situation } = CALLS[index] as (typeof CALLS)[number];
  if (situation.ownClient) {
    const { client, close } = clients.create(situation.endpoint, request.client);
    return inTime(situation.use(client, request)).finally(close);
  }
  const { client, release } = clients.lease(situation.endpoint, request.client);
  return inTime(situation.use(client, request)).finally(release);
}

/** The outcome of a call. Without an outcome the soak makes no more calls. */
function inTime(outcome: Promise<Outcome>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => {
      isStuck = true;
      resolve(`no answer within ${CALL_TIMEOUT_MILLIS / 1000} s`);
    }, CALL_TIMEOUT_MILLIS);
  });
  return Promise.race([outcome, tooLate]).finally(() => clearTimeout(timer));
}

/** Runs as many at once as the concurrency allows. An error of the work is a defect of the soak and ends it. */
async function forEach(items: ArrayLike<number>, work: (item: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && !isStuck) await work(items[next++] as number);
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
}

/** Collects garbage until unread streams have ended their spans and the heap contains only objects in use. */
async function settle(ledger: SpanLedger): Promise<void> {
  for (let turn = 0; turn < COLLECTIONS && (turn < 5 || ledger.open > 0); turn++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function startTracing(): { instrumentation: BedrockInstrumentation; ledger: SpanLedger; close(): Promise<void> } {
  const ignore = (): void => undefined;
  const log = (...parts: unknown[]): unknown => diagnostics.push(parts.map(String).join(' '));
  diag.setLogger({ error: log, warn: log, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
  const ledger = new SpanLedger();
  const provider = new NodeTracerProvider({ spanProcessors: [ledger] });
  provider.register();
  const forget = {
    export: (_metrics: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  const reader = new PeriodicExportingMetricReader({
    exporter: forget,
    exportIntervalMillis: 1000,
    exportTimeoutMillis: 1000,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const instrumentation = new BedrockInstrumentation();
  instrumentation.setTracerProvider(provider);
  instrumentation.setMeterProvider(meterProvider);
  instrumentation.manuallyInstrument({ ...sdk, ...agentSdk });
  return {
    instrumentation,
    ledger,
    async close() {
      instrumentation.disable();
      await provider.shutdown();
      await meterProvider.shutdown();
    },
  };
}

function difference(index: number, outcome: Outcome, expected: Outcome | undefined): string {
  return `${nameOf(CALLS[index] as (typeof CALLS)[number])}: ${outcome} instead of ${expected}`;
}

function tell(message: Message): void {
  console.log(JSON.stringify(message));
}
