/** What calls of OpenAI's API cost, by the host: MLflow has a list of prices for Mantle, and one for Bedrock's own APIs. */

import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { trace } from '@opentelemetry/api';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import OpenAI from 'openai';
import { installMlflow } from 'testing/mlflow/install.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { BedrockInstrumentation, MlflowClient, MlflowSpanExporter } from '../../src/index.js';
import { recordSpans } from '../support/spans.js';

const MANTLE = 'https://bedrock-mantle.us-west-2.api.aws';
const RUNTIME = 'https://bedrock-runtime.us-west-2.amazonaws.com';

interface Case {
  readonly host: string;
  readonly model: string;
  /** The name of MLflow's list. */
  readonly list: 'bedrock' | 'bedrock_mantle';
}

/** The first two models have other prices on the other host. The others are only in one of the lists. */
const CASES: readonly Case[] = [
  { host: MANTLE, model: 'openai.gpt-6-sol', list: 'bedrock_mantle' },
  { host: RUNTIME, model: 'openai.gpt-6-sol', list: 'bedrock' },
  { host: MANTLE, model: 'moonshotai.kimi-k2-thinking', list: 'bedrock_mantle' },
  { host: MANTLE, model: 'openai.gpt-5.5', list: 'bedrock_mantle' },
  { host: MANTLE, model: 'qwen.qwen3-32b', list: 'bedrock_mantle' },
  { host: RUNTIME, model: 'openai.gpt-oss-120b-1:0', list: 'bedrock' },
  { host: MANTLE, model: 'zai.glm-4.7', list: 'bedrock' },
];

interface Price {
  readonly input_per_million_tokens: number;
  readonly output_per_million_tokens: number;
  readonly cache_read_per_million_tokens?: number;
  readonly cache_write_per_million_tokens?: number;
}

describe("the cost of calls of OpenAI's API in MLflow", () => {
  let simulator: Simulator;
  let mlflow: MlflowClient;
  let trackingUri: string;
  let python: string;
  const instrumentation = new BedrockInstrumentation();
  before(async function () {
    this.timeout(300_000);
    simulator = await startSimulator();
    ({ python } = await installMlflow((line) => console.log(`    ${line}`)));
    trackingUri = (await testServer()).url;
    mlflow = new MlflowClient({ trackingUri });
    instrumentation.manuallyInstrument({ OpenAI });
  });
  after(async () => {
    instrumentation.disable();
    await Promise.all([mlflow.close(), simulator.close()]);
  });

  /** The requests go to the simulator, whatever the client's host is. */
  async function call({ host, model }: Case): Promise<void> {
    const fetch: typeof globalThis.fetch = (url, init) =>
      globalThis.fetch(String(url).replace(host, simulator.url), init);
    const client = new OpenAI({ baseURL: `${host}/openai/v1`, apiKey: 'simulator', fetch });
    const body = { model, input: 'What is the capital of Kenya?', instructions: 'Be short.', prompt_cache_key: 'shop' };
    await client.responses.create(body);
    await client.responses.create({ ...body, input: 'And of Japan?' });
  }

  function priceOf({ list, model }: Case): Price {
    const library = join(dirname(dirname(python)), 'lib');
    const [version = ''] = readdirSync(library).filter((name) => name.startsWith('python3'));
    const file = join(library, version, 'site-packages/mlflow/utils/model_catalog', `${list}.json`);
    const { models } = JSON.parse(readFileSync(file, 'utf8')) as { models: Record<string, { pricing: Price }> };
    return models[model]?.pricing ?? expect.fail(`${list}.json has no price of ${model}`);
  }

  it('is that of the host’s list, with cached tokens at their own prices', async () => {
    const experimentName = `prices-${randomUUID()}`;
    const recording = recordSpans(new BatchSpanProcessor(new MlflowSpanExporter({ trackingUri, experimentName })));
    instrumentation.setTracerProvider(trace.getTracerProvider());
    for (const each of CASES) await call(each);
    const spans = recording.spans();
    await recording.stop();
    for (const [index, each] of CASES.entries()) {
      const [first, second] = spans.slice(2 * index, 2 * index + 2);
      for (const span of [first, second]) {
        const stored = await mlflow.getTrace(`tr-${span?.spanContext().traceId}`);
        const usage = stored.spans[0]?.attributes['mlflow.chat.tokenUsage'] as Record<string, number>;
        expect(stored.info.cost?.totalCost, JSON.stringify(each)).to.be.closeTo(costOf(usage, priceOf(each)), 1e-9);
      }
      expect(second?.attributes['gen_ai.usage.cache_read.input_tokens']).to.be.greaterThan(0);
    }
  }).timeout(60_000);
});

function costOf(usage: Record<string, number>, price: Price): number {
  const { input_tokens: input = 0, output_tokens: output = 0 } = usage;
  const { cache_read_input_tokens: read = 0, cache_creation_input_tokens: written = 0 } = usage;
  const { input_per_million_tokens: inputPrice, output_per_million_tokens: outputPrice } = price;
  const { cache_read_per_million_tokens: readPrice = inputPrice } = price;
  const { cache_write_per_million_tokens: writePrice = inputPrice } = price;
  const uncached = input - read - written;
  return (uncached * inputPrice + read * readPrice + written * writePrice + output * outputPrice) / 1e6;
}
