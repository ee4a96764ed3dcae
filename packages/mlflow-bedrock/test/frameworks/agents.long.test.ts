/** A turn of a Bedrock agent on an MLflow server without OTLP, which stores spans as a file. */

import { expect } from 'chai';
import { type MlflowServer, startMlflow } from 'testing/mlflow/server.js';
import { MlflowClient } from '../../src/index.js';
import { type AgentApplication, startAgentApplication } from '../support/agent-application.js';
import { EXPECTED_INFO } from '../support/agent-turn.js';

describe('a turn of a Bedrock agent on a server without OTLP', () => {
  let server: MlflowServer;
  let application: AgentApplication;
  before(async function () {
    this.timeout(300_000);
    server = await startMlflow({ fileStore: true });
    application = await startAgentApplication();
  });
  after(async () => {
    await application?.close();
    await server?.close();
  });

  it('has its figures, previews and times from the root, whatever the clock of the service, and all spans', async () => {
    const began = Date.now();
    const turn = { start: began - 300_000, jump: 600_000 };
    const [traceId = 'none', ...others] = await application.trace(application.ask, turn, { trackingUri: server.url });
    const took = Date.now() - began;
    expect(others).to.deep.equal([]);

    const mlflow = new MlflowClient({ trackingUri: server.url });
    const info = await mlflow.getTraceInfo(traceId);
    await mlflow.close();
    expect(info).to.deep.include(EXPECTED_INFO);
    expect(info.requestTime.getTime()).to.be.within(began - 1, began + took);
    expect(info.durationMillis).to.be.within(0, took);

    const response = await fetch(`${server.url}/ajax-api/2.0/mlflow/get-trace-artifact?request_id=${traceId}`);
    const { spans } = (await response.json()) as { spans: { attributes: Record<string, string> }[] };
    const types = spans.map(({ attributes }) => JSON.parse(attributes['mlflow.spanType'] ?? 'null') as string);
    const expected = ['AGENT', 'AGENT', ...Array<string>(4).fill('CHAT_MODEL'), 'GUARDRAIL', 'GUARDRAIL'];
    expect(types.sort()).to.deep.equal([...expected, 'RETRIEVER', 'TOOL']);
    expect(spans.filter(({ attributes }) => 'mlflow.chat.tokenUsage' in attributes)).to.have.lengthOf(4);
  });
});
