/** Applications with an OpenTelemetry set-up of their own, as the README says, each in a process of its own. */

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { testServer } from '../../../scripts/test-support/mlflow.js';
import { MlflowClient } from '../src/index.js';

const PROGRAMS = fileURLToPath(new URL('programs/', import.meta.url));

describe('an application with a tracer provider of its own', function () {
  this.timeout(120_000);
  let simulator: Simulator;
  let trackingUri: string;
  let client: MlflowClient;
  before(async () => {
    simulator = await startSimulator();
    trackingUri = (await testServer()).url;
    client = new MlflowClient({ trackingUri });
  });
  after(async () => {
    client.close();
    await simulator.close();
  });

  for (const setUp of ['NodeTracerProvider', 'NodeSDK']) {
    it(`updates its traces, knows them, and puts them into a run, with ${setUp}`, async () => {
      const experimentName = `own-provider-${randomUUID()}`;
      const { experimentId } = await client.getOrCreateExperiment(experimentName);
      const { runId } = await client.createRun({ experimentId, name: 'nightly' });
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['own-provider.cjs', setUp, runId], {
        cwd: PROGRAMS,
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
          AWS_REGION: 'us-east-1',
          AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
          AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
          MLFLOW_TRACKING_URI: trackingUri,
          MLFLOW_EXPERIMENT_NAME: experimentName,
        },
      });
      expect(stderr, 'autolog() has nothing to advise').to.equal('');
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
});
