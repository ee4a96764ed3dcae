/**
 * Checks what MLflow's pages show of a trace, in a real browser. Needs Chromium (Debian: `chromium`).
 *
 * `UPDATE_IMAGES=1` updates the picture in the README.
 */

import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { type Page, startBrowser, type TestBrowser } from 'testing/browser.js';
import { type ExampleName, exampleCommand, QUIET_ENV, simulatedBedrock } from 'testing/examples.js';
import { withoutOtlp } from 'testing/managed/answers.js';
import { startManagedMlflow } from 'testing/managed/managed-mlflow.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { runNode } from 'testing/run.js';
import { startTracing } from './support/tracing.js';

const IMAGE = resolve(import.meta.dirname, '../../docs/images/mlflow-trace.png');
/** A block that MLflow's chat view cannot show. */
const UNKNOWN_BLOCK = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Geography' } };

describe('MLflow’s pages', function () {
  this.timeout(300_000);
  let browser: TestBrowser | undefined;
  let page: Page;
  let url: string;
  let experimentId: string;
  let traceId: string;
  const experimentName = `pages ${randomUUID()}`;

  before(async function () {
    browser = await startBrowser();
    if (!browser) this.skip();
    page = await browser.context.newPage();
    ({ url } = await testServer());
    ({ experimentId, traceId } = await runExample('agent', experimentName));
  });

  after(async () => {
    await browser?.close();
  });

  /** Runs an example. Returns its experiment (a new one unless named) and the trace that ended last. */
  async function runExample(
    name: ExampleName,
    experimentName = `pages ${randomUUID()}`,
  ): Promise<{ experimentId: string; traceId: string }> {
    const bedrock = await simulatedBedrock();
    const { code, output } = await runNode(exampleCommand(name), {
      env: { ...QUIET_ENV, ...bedrock.env, MLFLOW_TRACKING_URI: url, MLFLOW_EXPERIMENT_NAME: experimentName },
    });
    await bedrock.close();
    expect(code, output).to.equal(0);
    const mlflow = new MlflowClient({ trackingUri: url });
    const experimentId = (await mlflow.getExperimentByName(experimentName))?.experimentId ?? '';
    const { traces } = await mlflow.searchTraces({ experimentIds: [experimentId] });
    return { experimentId, traceId: traces[0]?.traceId ?? '' };
  }

  /** Expects the page to show the trace of the agent as a tree, and its second model call as a conversation. */
  async function expectWeatherAgent(): Promise<void> {
    const calls = page.getByText('chat amazon.nova-pro-v1:0');
    await calls.first().waitFor();
    expect(await page.getByText('execute_tool get_weather').count()).to.equal(2);
    await calls.nth(1).click();
    for (const text of ['User', 'What is the weather in Paris and Tokyo', 'get_weather', 'light rain']) {
      await page.getByText(text).first().waitFor();
    }
  }

  it('list a trace with its question, answer, tokens and session', async () => {
    await page.goto(`${url}/#/experiments/${experimentId}/traces`);
    // On the first visit, MLflow shows an introduction over the table and an assistant next to it.
    await page.getByRole('button', { name: 'Got it' }).click();
    await page.getByText('MLflow Assistant').locator('xpath=following::button').nth(2).click(); // closes it
    for (const text of ['What is the weather in Paris and Tokyo', 'Here is what I found', 'example-session']) {
      await page.getByText(text).first().waitFor();
    }
  });

  it('show the agent’s trace as a tree and a model call as a conversation with its tool calls', async () => {
    await page.goto(`${url}/#/experiments/${experimentId}/traces?selectedEvaluationId=${traceId}`);
    await expectWeatherAgent();
    if (process.env['UPDATE_IMAGES']) await page.screenshot({ path: IMAGE });
  });

  it('show retrieved documents with their source and a cited answer as text', async () => {
    const { experimentId, traceId } = await runExample('rag');
    await page.goto('about:blank');
    await page.goto(`${url}/#/experiments/${experimentId}/traces?selectedEvaluationId=${traceId}`);
    await page.getByText('retrieve', { exact: true }).last().click();
    for (const text of ['A refund takes five working days', 'doc_uri', 'handbook/refu']) {
      await page.getByText(text).first().waitFor();
    }
    await page.getByText('chat us.anthropic').first().click();
    await page.getByText('Assistant', { exact: true }).first().waitFor();
    // The answer has only cited passages and a note.
    await page
      .getByText(/^(?=.*A refund takes five)(?=.*Delivery takes three).*Scripted/)
      .first()
      .waitFor();
  });

  it('show the turns of a session in their order', async () => {
    const { experimentId, traceId } = await runExample('chat-session');
    const { info } = await new MlflowClient({ trackingUri: url }).getTrace(traceId);
    await page.goto(`${url}/#/experiments/${experimentId}/chat-sessions/${info.sessionId}`);
    for (const text of ['Turn 3', 'What is the capital of Kenya?', '12 * 4 is 48.', 'Your first question was:']) {
      await page.getByText(text).first().waitFor();
    }
  });

  it('show a trace of a managed server that keeps spans in S3 like any other', async () => {
    const managed = await startManagedMlflow({ folder: 'pages' });
    try {
      await managed.setAnswers([withoutOtlp(404)]);
      const bedrock = await simulatedBedrock();
      const { code, output } = await runNode(exampleCommand('agent'), {
        env: {
          ...QUIET_ENV,
          ...bedrock.env,
          ...managed.environment(),
          MLFLOW_TRACKING_URI: managed.serverArn,
          MLFLOW_EXPERIMENT_NAME: 'managed',
        },
      });
      await bedrock.close();
      expect(code, output).to.equal(0);
      const mlflow = new MlflowClient({ trackingUri: managed.pageUrl });
      const experimentId = (await mlflow.getExperimentByName('managed'))?.experimentId ?? '';
      const { traces } = await mlflow.searchTraces({ experimentIds: [experimentId] });
      await page.goto(
        `${managed.pageUrl}/#/experiments/${experimentId}/traces?selectedEvaluationId=${traces[0]?.traceId}`,
      );
      await expectWeatherAgent();
    } finally {
      await managed.close();
    }
  });

  const QUESTION = 'What is the capital of France?';
  const BODIES: Readonly<Record<string, object>> = {
    'anthropic.claude-3-haiku-20240307-v1:0': {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 100,
      messages: [{ role: 'user', content: [{ type: 'text', text: QUESTION }, UNKNOWN_BLOCK] }],
    },
    'amazon.nova-lite-v1:0': { messages: [{ role: 'user', content: [{ text: QUESTION }] }] },
    'ai21.jamba-1-5-mini-v1:0': { messages: [{ role: 'user', content: QUESTION }] },
  };
  for (const [modelId, body] of Object.entries(BODIES)) {
    it(`show the conversation of an InvokeModel call to ${modelId}`, async () => {
      const simulator = await startSimulator();
      const tracing = startTracing({ trackingUri: url, experimentName });
      const client = tracing.client(simulator.url);
      await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
      await tracing.close();
      await simulator.close();
      const { traces } = await new MlflowClient({ trackingUri: url }).searchTraces({
        experimentIds: [experimentId],
        maxResults: 1,
      });
      await page.goto('about:blank'); // Clears the page before, because all three pages show the same words.
      await page.goto(`${url}/#/experiments/${experimentId}/traces?selectedEvaluationId=${traces[0]?.traceId}`);
      await page.getByText(`chat ${modelId}`).first().waitFor();
      // The chat view shows the speakers' names over their bubbles. A failed view does not show them.
      for (const text of ['User', 'Assistant']) await page.getByText(text, { exact: true }).first().waitFor();
      await page.getByText('The capital of France is Paris').first().waitFor();
    });
  }
});
