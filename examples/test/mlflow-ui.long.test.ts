/** Checks what a person sees of the demo and of conversations in MLflow's pages, in a real browser. Needs Chromium. */

import { randomUUID } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { MlflowClient, type MlflowTraceInfo } from 'opentelemetry-exporter-mlflow';
import { startBrowser, type TestBrowser } from 'testing/browser.js';
import { byExample, DEMO_EXPERIMENT, runDemo } from 'testing/demo.js';
import { exampleCommand, QUIET_ENV, simulatedBedrock } from 'testing/examples.js';
import { withoutOtlp } from 'testing/managed/answers.js';
import { startManagedMlflow } from 'testing/managed/managed-mlflow.js';
import { MlflowPages } from 'testing/mlflow-pages.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { runNode } from 'testing/run.js';
import { openAgent, SCENES } from 'testing/scenes.js';
import { CLAUDE, JAMBA, NOVA, runConversations, SONNET } from './support/conversations.js';
import { startTracing } from './support/tracing.js';

describe('MLflow’s pages', function () {
  this.timeout(300_000);
  let browser: TestBrowser | undefined;
  let url: string;
  /** Of each server, because MLflow greets on the first visit only. */
  const opened = new Map<string, MlflowPages>();

  before(async function () {
    browser = await startBrowser();
    if (!browser) this.skip();
    ({ url } = await testServer());
  });

  after(async () => {
    await browser?.close();
  });

  /** Returns the traces of an experiment since a time, the oldest first. */
  async function read(server: string, experimentName: string, since = 0): Promise<MlflowTraceInfo[]> {
    const mlflow = new MlflowClient({ trackingUri: server });
    const { experimentId = '' } = (await mlflow.getExperimentByName(experimentName)) ?? {};
    const search = { experimentIds: [experimentId], orderBy: ['timestamp_ms ASC'] };
    const { traces } = await mlflow.searchTraces({ ...search, filter: `timestamp_ms >= ${since}` });
    mlflow.close();
    return traces;
  }

  async function open(server: string, trace: MlflowTraceInfo | undefined): Promise<MlflowPages> {
    if (!browser || !trace) return expect.fail('no trace');
    const { experimentId } = trace;
    const pages =
      opened.get(server)?.of(experimentId) ?? (await MlflowPages.open(browser, { url: server, experimentId }));
    opened.set(server, pages);
    return pages;
  }

  describe('of the demo', () => {
    let traces: ReturnType<typeof byExample<MlflowTraceInfo>>;
    let pages: MlflowPages;

    before(async () => {
      const started = Date.now();
      const { code, output } = await runDemo(url);
      expect(code, output).to.equal(0);
      const found = await read(url, DEMO_EXPERIMENT, started);
      traces = byExample(found);
      pages = await open(url, found[0]);
    });

    for (const scene of SCENES) it(scene.title, () => scene.open(pages, traces));

    it('show an answer that a knowledge base gave as a message', async () => {
      await pages.trace(traces['knowledge-base'][1]?.traceId ?? '');
      await pages.bubble('Assistant').shows('Unused boots and clothes can be returned within 60 days.');
    });
  });

  it('show a trace of a managed server that keeps spans in S3 like any other', async () => {
    const managed = await startManagedMlflow({ folder: 'pages' });
    try {
      await managed.setAnswers([withoutOtlp(404)]);
      const bedrock = await simulatedBedrock();
      const tracking = { MLFLOW_TRACKING_URI: managed.serverArn, MLFLOW_EXPERIMENT_NAME: 'managed' };
      const { code, output } = await runNode(exampleCommand('agent'), {
        env: { ...QUIET_ENV, ...bedrock.env, ...managed.environment(), ...tracking },
      });
      await bedrock.close();
      expect(code, output).to.equal(0);
      const [agent] = await read(managed.pageUrl, 'managed');
      await openAgent(await open(managed.pageUrl, agent), agent?.traceId ?? '');
    } finally {
      await managed.close();
    }
  });

  describe('of conversations', () => {
    let pages: MlflowPages;

    before(async () => {
      const experimentName = `pages ${randomUUID()}`;
      const simulator = await startSimulator();
      const tracing = startTracing({ trackingUri: url, experimentName });
      await trace.getTracer('pages').startActiveSpan('conversations', async (span) => {
        await runConversations(tracing, simulator.url);
        span.end();
      });
      await tracing.close();
      await simulator.close();
      const [conversations] = await read(url, experimentName);
      pages = await open(url, conversations);
      await pages.trace(conversations?.traceId ?? '');
    });

    it('show system prompt, reasoning, tools and cited text of a Converse stream', async () => {
      await pages.span(`chat ${SONNET}`);
      await pages.bubble('System').shows('You keep bees.');
      await pages.bubble('User').shows('When do they swarm?');
      await pages.bubble('Assistant').shows('read_hive', 'The hive knows.');
      await pages.shows('brood: 9 frames', 'Swarms leave in May.');
      await pages.bubble('Assistant', 2).shows('Next week.', 'Reasoning', 'Nine frames are full.');
    });

    it('show system prompt, reasoning, image and each tool result of a Claude stream', async () => {
      await pages.span(`chat ${CLAUDE}`);
      await pages.bubble('System').shows('You keep bees.');
      await pages.bubble('User').shows('When do they swarm?', '[document]');
      await pages.bubble('Assistant').shows('read_hive', 'north', 'south');
      await pages.shows('brood: 9 frames', 'no such hive');
      const answer = pages.bubble('Assistant', 1);
      await answer.shows('Next week.');
      await answer.click('Reasoning');
      await answer.shows('Nine frames are full.');
      expect(await pages.content.locator('img').count()).to.equal(1);
    });

    for (const modelId of [NOVA, JAMBA]) {
      it(`show the messages of an InvokeModel call to ${modelId}`, async () => {
        await pages.span(`chat ${modelId}`);
        await pages.bubble('System').shows('You know all capitals.');
        await pages.bubble('User').shows('What is the capital of France?');
        await pages.bubble('Assistant').shows('The capital of France is Paris');
      });
    }
  });
});
