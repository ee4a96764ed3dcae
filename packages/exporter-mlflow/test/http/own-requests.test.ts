import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { context, propagation, trace } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect } from 'chai';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { eachEnvironment } from '../support/environment.js';
import { startProxy } from '../support/gateways.js';
import { exportSpans, recordSpans, SUCCESS } from '../support/tracing.js';

describe('with instrumentations of HTTP clients', () => {
  const { closing, startServer } = eachTest();
  const environment = eachEnvironment();

  function startInstrumentations(): InMemorySpanExporter {
    const memory = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
    provider.register();
    const instrumentations = [
      new HttpInstrumentation({ disableIncomingRequestInstrumentation: true }),
      new UndiciInstrumentation(),
    ];
    for (const instrumentation of instrumentations) {
      instrumentation.setTracerProvider(provider);
      instrumentation.enable();
    }
    closing.push(async () => {
      for (const instrumentation of instrumentations) instrumentation.disable();
      context.disable();
      propagation.disable();
      trace.disable();
      await provider.shutdown();
    });
    return memory;
  }
  async function exportOne(config: MlflowSpanExporterConfig): Promise<number> {
    const exporter = new MlflowSpanExporter(config);
    closing.push(() => exporter.shutdown());
    const spans = recordSpans((tracer) => tracer.startSpan('span').end());
    return (await exportSpans(exporter, spans)).code;
  }

  it('the exporter creates no spans for its own requests, and sends no trace headers', async () => {
    const memory = startInstrumentations();
    const server = await startServer();
    expect(await exportOne({ trackingUri: server.url })).to.equal(SUCCESS);
    expect(server.requests).to.have.length(3);
    for (const { headers } of server.requests) expect(headers).not.to.have.property('traceparent');
    expect(memory.getFinishedSpans()).to.deep.equal([]);
    // Requests of the application are still traced.
    await fetch(server.url);
    expect(memory.getFinishedSpans().map(({ name }) => name)).to.deep.equal(['GET']);
  });

  it('a function that fetches a token creates no spans', async () => {
    const memory = startInstrumentations();
    const server = await startServer();
    const tokens = await startServer(() => ({ status: 200, body: 't0k3n' }));
    const token = async (): Promise<string> => (await fetch(tokens.url)).text();
    expect(await exportOne({ trackingUri: server.url, token })).to.equal(SUCCESS);
    expect(tokens.requests).to.have.length(3);
    expect(memory.getFinishedSpans()).to.deep.equal([]);
  });

  it('requests through a proxy create no spans', async () => {
    const memory = startInstrumentations();
    const server = await startServer();
    const proxy = await startProxy();
    closing.push(proxy.close);
    environment.set({ http_proxy: proxy.url });
    expect(await exportOne({ trackingUri: `http://mlflow.test:${new URL(server.url).port}` })).to.equal(SUCCESS);
    expect(proxy.requests).to.have.length(3);
    // The proxy of this test runs in this process and forwards with an instrumented client, whose spans do not count.
    const names = memory.getFinishedSpans().map(({ instrumentationScope }) => instrumentationScope.name);
    expect(names).not.to.include('@opentelemetry/instrumentation-undici');
  });

  for (const format of ['cjs', 'mjs']) {
    it(`the application’s own requests are traced although the exporter was loaded first: ${format}`, async () => {
      const server = await startServer();
      const program = fileURLToPath(new URL(`../support/http-after-exporter.${format}`, import.meta.url));
      const child = spawn(process.execPath, [program, server.url], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      expect(JSON.parse(output)).to.deep.equal({ exported: SUCCESS, spans: ['GET'] });
      expect(server.requests.map(({ path }) => path.split('?')[0])).to.deep.equal([
        '/api/2.0/mlflow/experiments/get-by-name',
        '/v1/traces',
        '/api/3.0/mlflow/traces',
        '/application',
      ]);
    });
  }
});
