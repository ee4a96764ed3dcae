import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient, MlflowSpanExporter } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { RECORD, startFaultProxy } from '../support/fault-proxy.js';
import { chatAttributes, exportSpans, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

describe('trace records that do not fit into the deadline', () => {
  const { closing, log } = eachTest();

  it('all arrive at a real server after a flush that is too large for its time', async () => {
    const { url: trackingUri } = await testServer();
    const experimentName = uniqueName('flush');
    const client = new MlflowClient({ trackingUri });
    closing.push(() => client.close());
    const { experimentId } = await client.getOrCreateExperiment(experimentName);
    const silence = { route: RECORD, times: 150, fault: { kind: 'silence', when: 'before' } } as const;
    const proxy = await startFaultProxy(trackingUri, [silence]);
    closing.push(proxy.close);
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
    expect(proxy.requests.filter((route) => RECORD.test(route))).to.not.deep.equal([]);
    expect(await named()).to.equal(0);
    proxy.heal();
    for (let n = 0; n < 20 && (await named()) < 150; n++) await exporter.forceFlush();
    await exporter.shutdown();
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
