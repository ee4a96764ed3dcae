import { expect } from 'chai';
import { MLFLOW_VERSION, TESTED_MLFLOW_VERSION } from 'testing/mlflow/install.js';
import { MlflowSpanExporter, type MlflowTraceInfo } from '../../src/index.js';
import { childSpan, exportSpans, recordSpans, uniqueName } from '../support/tracing.js';
import { useMlflow } from '../support/use-mlflow.js';

const NOVA = 'amazon.nova-lite-v1:0';
/** US dollars for 1000 tokens in and 1000 out, from the price list that comes with the server. */
const NOVA_PRICE = 0.0003;
const USAGE = JSON.stringify({ input_tokens: 1000, output_tokens: 1000, total_tokens: 2000 });
/** From this version on, the server does not price agents, whose usage is that of their model calls. */
const PRICES_AGENTS = TESTED_MLFLOW_VERSION === MLFLOW_VERSION;

describe('the cost that MLflow computes', () => {
  const mlflow = useMlflow();

  /** Stores the traces and returns them by name. */
  async function stored(work: Parameters<typeof recordSpans>[0]): Promise<Record<string, MlflowTraceInfo>> {
    const experimentName = uniqueName('prices');
    const exporter = new MlflowSpanExporter({ trackingUri: mlflow.trackingUri, experimentName });
    await exportSpans(exporter, recordSpans(work));
    await exporter.shutdown();
    const { experimentId } = await mlflow.client.getOrCreateExperiment(experimentName);
    const { traces } = await mlflow.client.searchTraces({ experimentIds: [experimentId] });
    return Object.fromEntries(traces.map((trace) => [trace.name, trace]));
  }
  const call = (model: string, spanType = 'CHAT_MODEL'): Record<string, string> => ({
    'mlflow.spanType': spanType,
    'mlflow.llm.model': model,
    'mlflow.chat.tokenUsage': USAGE,
  });

  it('knows the models of Bedrock by all names that have a model id in them', async () => {
    const account = 'arn:aws:bedrock:us-east-1:123456789012';
    const names = {
      [NOVA]: NOVA_PRICE,
      [`us.${NOVA}`]: NOVA_PRICE,
      [`apac.${NOVA}`]: NOVA_PRICE * 1.05,
      [`arn:aws:bedrock:us-east-1::foundation-model/${NOVA}`]: NOVA_PRICE,
      [`${account}:inference-profile/us.${NOVA}`]: NOVA_PRICE,
      'anthropic.claude-3-5-sonnet-20241022-v2:0': 0.018,
      'eu.anthropic.claude-3-5-sonnet-20240620-v1:0': 0.018,
      'jp.anthropic.claude-sonnet-4-5-20250929-v1:0': 0.0198,
      'global.anthropic.claude-sonnet-4-5-20250929-v1:0': 0.018,
      'meta.llama3-1-8b-instruct-v1:0': 0.00044,
      'amazon.titan-embed-text-v2:0': 0.00002,
    };
    const traces = await stored((tracer) => {
      for (const name of Object.keys(names)) tracer.startSpan(name, { attributes: call(name) }).end();
    });
    for (const [name, price] of Object.entries(names)) {
      expect(traces[name]?.cost?.totalCost, name).to.be.closeTo(price, 1e-9);
    }
  });

  it('counts the model calls below an agent that has no usage of its own', async () => {
    const traces = await stored((tracer) => {
      const agent = tracer.startSpan('agent', { attributes: { 'mlflow.spanType': 'AGENT' } });
      for (let n = 0; n < 2; n++) childSpan(tracer, agent, 'call', call(NOVA));
      agent.end();
    });
    expect(traces['agent']?.cost?.totalCost).to.be.closeTo(2 * NOVA_PRICE, 1e-9);
    expect(traces['agent']?.tokenUsage?.totalTokens).to.equal(4000);
  });

  it('has no price for an agent from MLflow 3.18 on, but counts its tokens', async () => {
    const traces = await stored((tracer) => {
      tracer.startSpan('agent', { attributes: call(NOVA, 'AGENT') }).end();
    });
    expect(traces['agent']?.tokenUsage?.totalTokens).to.equal(2000);
    expect(traces['agent']?.cost?.totalCost).to.equal(PRICES_AGENTS ? NOVA_PRICE : undefined);
  });
});
