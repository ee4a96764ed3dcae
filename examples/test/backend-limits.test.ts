/** The options of docs/backends.md for backends that limit the size of a span or of an attribute. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { type Attributes, context, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { BedrockInstrumentation, type BedrockInstrumentationConfig } from 'opentelemetry-instrumentation-bedrock';

const LONG_PROMPT = 'long text, 長い文 '.repeat(20_000);
/** What Amazon X-Ray and CloudWatch take of one span. */
const MOST_BYTES_OF_SPAN = 200_000;

describe('a call with a prompt of megabytes', () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());

  async function attributesWith(config: BedrockInstrumentationConfig): Promise<Attributes> {
    const spans = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
    const instrumentation = new BedrockInstrumentation(config);
    instrumentation.setTracerProvider(provider);
    instrumentation.manuallyInstrument(sdk);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = new sdk.BedrockRuntimeClient({ region: 'us-east-1', endpoint: simulator.url, credentials });
    await client.send(
      new sdk.ConverseCommand({
        modelId: 'amazon.nova-lite-v1:0',
        messages: [{ role: 'user', content: [{ text: LONG_PROMPT }] }],
      }),
    );
    client.destroy();
    instrumentation.disable();
    const [span] = spans.getFinishedSpans();
    await provider.shutdown();
    trace.disable();
    context.disable();
    return span?.attributes ?? {};
  }

  it('is a span below 200 kB with maxRecordLength and one form of content', async () => {
    const attributes = await attributesWith({ contentFormats: ['gen_ai'], maxRecordLength: 50_000 });
    expect(attributes['gen_ai.usage.input_tokens']).to.be.above(10_000);
    expect(attributes['gen_ai.input.messages']).to.include('long text');
    expect(Buffer.byteLength(JSON.stringify(attributes))).to.be.within(50_000, MOST_BYTES_OF_SPAN);
  });

  it('has short attributes that stay JSON with maxContentLength', async () => {
    const attributes = await attributesWith({ contentFormats: ['gen_ai'], maxContentLength: 500 });
    const [{ parts }] = JSON.parse(String(attributes['gen_ai.input.messages']));
    expect(parts[0].content).to.match(/^long text/);
    expect(Buffer.byteLength(String(attributes['gen_ai.input.messages']))).to.be.below(2048);
  });
});
