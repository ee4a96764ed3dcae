import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient } from '../../src/index.js';
import { uniqueName } from '../support/tracing.js';

const TRACES = 300;
const SPANS_PER_TRACE = 5;

describe('a program that ends', () => {
  it('has delivered 1,500 spans in 300 traces when its shutdown is over, and then ends by itself', async function () {
    this.timeout(180_000);
    const { url } = await testServer();
    const experimentName = uniqueName('exit');
    const program = fileURLToPath(new URL('../support/make-traces.ts', import.meta.url));
    const began = performance.now();
    const child = spawn(process.execPath, ['--import', 'tsx', program, url, experimentName, String(TRACES)], {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    console.log(`      ${TRACES} traces, ${((performance.now() - began) / 1000).toFixed(1)} s`);
    expect({ code, said }).to.deep.equal({ code: 0, said: '' });

    const client = new MlflowClient({ trackingUri: url });
    const { experimentId } = (await client.getExperimentByName(experimentName))!;
    const names = new Set<string>();
    let traces = 0;
    for await (const { name, state, tokenUsage } of client.eachTrace({
      experimentIds: [experimentId],
      maxResults: 500,
    })) {
      traces += 1;
      names.add(name);
      expect({ state, tokenUsage }).to.deep.equal({
        state: 'OK',
        tokenUsage: { inputTokens: 37, outputTokens: 15, totalTokens: 52 },
      });
    }
    expect({ traces, names: names.size }).to.deep.equal({ traces: TRACES, names: TRACES });
    const some = await client.searchTraces({ experimentIds: [experimentId], maxResults: 20 });
    for (const { traceId } of some.traces) {
      const { spans } = await client.getTrace(traceId);
      expect(new Set(spans.map(({ spanId }) => spanId)).size).to.equal(SPANS_PER_TRACE);
      expect(spans).to.have.length(SPANS_PER_TRACE);
    }
    client.close();
  });
});
