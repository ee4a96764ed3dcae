import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { MlflowSpanExporter } from '../../src/index.js';
import { childSpan, exportSpans, recordSpans, SUCCESS } from '../support/tracing.js';

describe('the event loop during the export of a large batch', function () {
  this.timeout(300_000);

  /** A server that reads bodies without keeping them. */
  async function startDiscarding(hasOtlp: boolean): Promise<{ url: string; close(): void }> {
    const experiment = { experiment_id: '7', name: 'local', lifecycle_stage: 'active' };
    const tags = { 'mlflow.artifactLocation': 'mlflow-artifacts:/7/traces/1' };
    const server = createServer(({ url = '' }, response) => {
      const body = url.includes('/experiments/')
        ? { experiment }
        : { trace: { trace_info: { trace_id: 'tr-1', tags } } };
      const status = url === '/v1/traces' && !hasOtlp ? 501 : 200;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    server.on('request', (request) => void request.resume());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, close: () => void server.close(() => {}).closeAllConnections() };
  }

  const batches: [name: string, spans: number, bytes: number, hasRoot: boolean, hasOtlp: boolean][] = [
    ['256 spans of 1 MB', 256, 1_000_000, true, true],
    ['2,000 spans of 20 kB', 2000, 20_000, true, true],
    ['256 spans of 1 MB whose roots are elsewhere', 256, 1_000_000, false, true],
    ['512 spans of 200 kB for a server without OTLP', 512, 200_000, true, false],
  ];
  for (const [name, count, bytes, hasRoot, hasOtlp] of batches) {
    it(`goes on: ${name}`, async () => {
      const server = await startDiscarding(hasOtlp);
      const exporter = new MlflowSpanExporter({ trackingUri: server.url, timeoutMillis: 200_000 });
      const sentence = 'A text with "quotes", line breaks \n and numbers such as 1234567890. ';
      const parts = Array.from({ length: bytes / 1000 }, () => ({ type: 'text', content: sentence.repeat(14) }));
      const attributes = {
        'gen_ai.operation.name': 'chat',
        'gen_ai.input.messages': JSON.stringify([{ role: 'user', parts }]),
      };
      const record = (spans: number): ReturnType<typeof recordSpans> =>
        recordSpans((tracer) => {
          for (let n = 0; n < spans; n++) {
            if (hasRoot) tracer.startSpan('chat', { attributes }).end();
            else childSpan(tracer, tracer.startSpan('root'), 'chat', attributes);
          }
        });
      // Loads and compiles what the first export needs.
      await exportSpans(exporter, record(2));
      const spans = record(count);
      const delays = monitorEventLoopDelay({ resolution: 5 });
      delays.enable();
      await delay(50);
      delays.reset();
      const begin = performance.now();
      expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
      await exporter.forceFlush();
      const millis = performance.now() - begin;
      delays.disable();
      await exporter.shutdown();
      server.close();
      const longest = delays.max / 1e6;
      // A ratio, because the time depends on the machine. Without slices, it was a quarter to a half.
      expect(longest, `longest of ${Math.round(millis)} ms`).to.be.below(millis / 10);
    });
  }
});
