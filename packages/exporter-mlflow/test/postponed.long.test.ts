import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient, MlflowSpanExporter } from '../src/index.js';
import { eachTest } from './support/each-test.js';
import { RECORD, startFaultProxy } from './support/fault-proxy.js';
import { chatAttributes, exportSpans, recordSpans, SUCCESS, uniqueName } from './support/tracing.js';

describe('trace records that do not fit into the deadline', () => {
  const { log } = eachTest();

  it('all arrive at a real server after a flush that is too large for its time', async () => {
    const { url: trackingUri } = await testServer();
    const experimentName = uniqueName('flush');
    const client = new MlflowClient({ trackingUri });
    const { experimentId } = await client.getOrCreateExperiment(experimentName);
    // The server is silent to as many records as the exporter sends at once, those ahead of their spans included.
    const silence = { route: RECORD, times: 8, fault: { kind: 'silence', when: 'before' } } as const;
    const proxy = await startFaultProxy(trackingUri, [silence]);
    const exporter = new MlflowSpanExporter({
      trackingUri: proxy.url,
      experimentName,
      timeoutMillis: 6000,
      concurrencyLimit: 4,
    });
    const spans = recordSpans((tracer) => {
      for (let n = 0; n < 150; n++) tracer.startSpan('chat', { attributes: chatAttributes('Hi', 'Hello') }).end();
    });
    expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
    expect(proxy.unused()).to.deep.equal([]);
    expect(await named()).to.equal(0);
    for (let n = 0; n < 20 && (await named()) < 150; n++) await exporter.forceFlush();
    await exporter.shutdown();
    await proxy.close();
    expect(await named()).to.equal(150);
    expect(log.lines.filter((line) => line.startsWith('error'))).to.deep.equal([]);

    async function named(): Promise<number> {
      let count = 0;
      for await (const { name, tokenUsage } of client.eachTrace({ experimentIds: [experimentId] })) {
        if (name === 'chat' && tokenUsage?.totalTokens === 15) count++;
      }
      return count;
    }
  });
});
