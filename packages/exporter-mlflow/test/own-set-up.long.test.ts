/** What the processors of an application lose, as docs/delivery.md says. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect } from 'chai';
import { MlflowSpanExporter } from '../src/index.js';
import { startCountingServer } from './support/counting-server.js';
import { eachTest } from './support/each-test.js';

const PROGRAM = fileURLToPath(new URL('support/own-set-up.mjs', import.meta.url));

describe('an application with processors of its own', () => {
  const { closing } = eachTest();

  /** Runs the program until it ends. Returns the names of the spans that arrived, and what it logged about lost ones. */
  async function run(processor: string, ending: string, signal?: NodeJS.Signals) {
    const server = await startCountingServer();
    closing.push(server.close);
    const child = spawn(process.execPath, [PROGRAM, server.url, processor, ending], {
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    });
    closing.push(() => void child.kill('SIGKILL'));
    if (signal !== undefined) child.once('message', () => child.kill(signal));
    const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')]);
    const lost = /^.* spans? (?:was|were) not delivered.*$/m.exec(`${stdout}\n${stderr}`)?.[0];
    return { arrived: [...server.taken.values()].map(({ name }) => name), lost };
  }

  const WITHOUT_FLUSH = '1 span was not delivered, because the process ended without a flush.';
  const ENDINGS: readonly { ending: string; signal?: NodeJS.Signals; delivers: boolean; reports?: boolean }[] = [
    { ending: 'calls shutdown() and ends by itself', delivers: true },
    { ending: 'calls shutdown() at SIGTERM', signal: 'SIGTERM', delivers: true },
    { ending: 'ends by itself', delivers: false, reports: true },
    { ending: 'calls process.exit()', delivers: false, reports: true },
    { ending: 'throws an uncaught error', delivers: false, reports: true },
    { ending: 'has no listener for SIGTERM', signal: 'SIGTERM', delivers: false },
    { ending: 'is killed', signal: 'SIGKILL', delivers: false },
  ];
  for (const processor of ['BatchSpanProcessor', 'MlflowSpanProcessor']) {
    for (const { ending, signal, delivers, reports = false } of ENDINGS) {
      it(`${delivers ? 'delivers' : 'loses'} the spans of its last batch if it ${ending} (${processor})`, async () => {
        const { arrived, lost } = await run(processor, ending, signal);
        expect(arrived).to.deep.equal(delivers ? ['arrived', 'waits'] : ['arrived']);
        expect(lost).to.equal(reports && processor === 'MlflowSpanProcessor' ? WITHOUT_FLUSH : undefined);
      });
    }
  }

  it('loses what does not fit into the queue of a BatchSpanProcessor during an outage, and batches after timeoutMillis', async () => {
    const server = await startCountingServer();
    closing.push(server.close);
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, traceInfo: 'otlp-only', timeoutMillis: 1_000 });
    const options = { maxQueueSize: 20, maxExportBatchSize: 5, scheduledDelayMillis: 600_000 };
    const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter, options)] });
    const makeSpans = (name: string, count: number): void => {
      for (let n = 0; n < count; n++) provider.getTracer('test').startSpan(name).end();
    };
    server.state = 'away';
    makeSpans('given up', 4);
    await provider.forceFlush().catch(() => {});
    makeSpans('queued', 30);
    server.state = 'up';
    await provider.shutdown();
    const names = [...server.taken.values()].map(({ name }) => name);
    // The queue and the batch that was taken from it.
    expect(names).to.deep.equal(Array(20 + 5).fill('queued'));
  });
});
