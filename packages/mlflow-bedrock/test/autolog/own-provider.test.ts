/** Applications with an OpenTelemetry set-up of their own, as docs/opentelemetry-setup.md shows them, each in a process of its own. */

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { MlflowClient } from '../../src/index.js';
import { usePrograms } from '../support/programs.js';

describe('an application with a tracer provider of its own', function () {
  this.timeout(120_000);
  const programs = usePrograms();
  let client: MlflowClient;
  before(() => {
    client = new MlflowClient({ trackingUri: programs.trackingUri() });
  });
  after(() => client.close());

  for (const setUp of ['NodeTracerProvider', 'NodeSDK']) {
    it(`can update its traces, read their ids and link them to a run with ${setUp}`, async () => {
      const experimentName = `own-provider-${randomUUID()}`;
      const { experimentId } = await client.getOrCreateExperiment(experimentName);
      const { runId } = await client.createRun({ experimentId, name: 'nightly' });
      const env = { MLFLOW_EXPERIMENT_NAME: experimentName };
      const { stdout, stderr } = await programs.run(['own-provider.cjs', setUp, runId], { env });
      expect(stderr, 'autolog() logs no advice').to.equal('');
      const { traceId, baggage } = JSON.parse(stdout) as { traceId: string; baggage: string };
      expect(baggage).to.equal('session.id=session-7,user.id=ada');

      const { info, spans } = await client.getTrace(traceId);
      expect(info).to.include({ name: 'GET /ask', state: 'OK', sessionId: 'session-7', userId: 'ada', runId });
      expect(info.tags).to.include({ team: 'travel' });
      expect(spans.map(({ type, name }) => `${type} ${name}`)).to.have.members([
        'UNKNOWN GET /ask',
        'CHAT_MODEL chat amazon.nova-lite-v1:0',
      ]);
      expect(info.tokenUsage).to.deep.equal(spans.find(({ type }) => type === 'CHAT_MODEL')?.tokenUsage);
      expect(info.tokenUsage?.totalTokens).to.be.above(0);
    });
  }

  it('learns that spanFilter and mask belong to its exporter', async () => {
    const { stderr } = await programs.run(['own-provider.cjs', 'NodeTracerProvider', '', '{"spanFilter":"gen_ai"}']);
    expect(stderr).to.equal(
      'mlflow-bedrock: spanFilter and mask of autolog() have no effect on the tracer provider of the application: pass them to its MlflowSpanExporter.\n',
    );
  });
});
