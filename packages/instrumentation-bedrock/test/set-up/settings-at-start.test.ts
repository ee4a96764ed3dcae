import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { BedrockInstrumentation } from '../../src/index.js';
import { createClient, startTracing } from '../support/tracing.js';

const CAPTURE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';

describe('settings', () => {
  let warnings: string[];
  beforeEach(() => {
    warnings = [];
    const ignore = (): void => undefined;
    const warn = (message: string): unknown => warnings.push(message);
    diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
  });
  afterEach(() => {
    diag.disable();
    delete process.env[CAPTURE];
  });

  it('that are invalid are named in a warning, and the application starts', () => {
    process.env[CAPTURE] = 'maybe';
    new BedrockInstrumentation({ enabled: false, maxContentLength: -1 });
    expect(warnings).to.deep.equal([
      `opentelemetry-instrumentation-bedrock: ${CAPTURE}=maybe is not understood, so no content is recorded; use true or false`,
      'opentelemetry-instrumentation-bedrock: maxContentLength must be 0 or more characters, not -1; the default is used',
    ]);
  });

  it('that name no host of a gateway are ignored, with a warning that has no credentials', () => {
    const hosts = ['gateway.example.com', 'https://me:secret@gateway.example.com/v1', 7 as never];
    new BedrockInstrumentation({ enabled: false, openAIHosts: hosts });
    new BedrockInstrumentation({ enabled: false, openAIHosts: 'gateway.example.com/v1' as never });
    const rule = 'openAIHosts must be hosts such as gateway.example.com or localhost:8080, not';
    expect(warnings).to.deep.equal([
      `opentelemetry-instrumentation-bedrock: ${rule} https://gateway.example.com/v1; it is ignored`,
      `opentelemetry-instrumentation-bedrock: ${rule} 7; it is ignored`,
      `opentelemetry-instrumentation-bedrock: ${rule} gateway.example.com/v1; it is ignored`,
    ]);
  });

  it('can be read in mid-stream: disable() still ends the spans of open streams', async () => {
    const simulator = await startSimulator();
    const tracing = startTracing();
    const client = createClient(simulator.url);
    const input = {
      modelId: 'amazon.nova-lite-v1:0',
      messages: [{ role: 'user' as const, content: [{ text: 'Hi' }] }],
    };
    await client.send(new sdk.ConverseStreamCommand(input));
    tracing.instrumentation.getModuleDefinitions();
    tracing.instrumentation.disable();
    const ended = tracing.spans().length;
    client.destroy();
    await tracing.close();
    await simulator.close();
    expect(ended).to.equal(1);
  });
});
