/** The content options of `autolog()`. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';
import { createInstrumentation } from '../../src/autolog/instrumentation.js';
import type { ContentOptions } from '../../src/autolog/options.js';
import { contentConfig, setContentConfig } from '../../src/current-trace/content-config.js';
import { recordSpans } from '../support/spans.js';

describe('autolog()', () => {
  it('passes each content option on to the instrumentation and to traced functions', () => {
    const options: Required<ContentOptions> = {
      captureMessageContent: true,
      contentHook: ({ value }) => value,
      contentFormats: ['mlflow'],
      maxContentLength: 11,
      maxMediaBytes: 12,
      maxEmbeddingLength: 13,
      maxRecordLength: 14,
      recordStreamEvents: true,
    };
    const instrumentation = createInstrumentation(options);
    try {
      expect(instrumentation.getConfig()).to.include(options);
      const { captureMessageContent, contentFormats, ...same } = options;
      expect(contentConfig()).to.include(same);
    } finally {
      instrumentation.disable();
      setContentConfig(undefined);
    }
  });
});

describe('the line for bundles', () => {
  const MARK = 'quokka';

  /** Calls Converse through an instrumentation of its own, beside that of `autolog()`, and returns what is recorded. */
  async function recordedBeside(
    options: ContentOptions,
    own: ContentOptions,
    order: 'before' | 'after',
  ): Promise<string> {
    const recording = recordSpans();
    const simulator = await startSimulator();
    const instrumentations: BedrockInstrumentation[] = [];
    const addOwn = (): void => {
      const instrumentation = new BedrockInstrumentation(own);
      instrumentation.manuallyInstrument(sdk);
      instrumentations.push(instrumentation);
    };
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = new sdk.BedrockRuntimeClient({ region: 'us-east-1', endpoint: simulator.url, credentials });
    try {
      if (order === 'before') addOwn();
      instrumentations.push(createInstrumentation(options));
      if (order === 'after') addOwn();
      const messages: sdk.Message[] = [{ role: 'user', content: [{ text: MARK }] }];
      await client.send(new sdk.ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
      expect(recording.spans()).to.have.lengthOf(1);
      return JSON.stringify(recording.spans().map(({ attributes, events }) => [attributes, events]));
    } finally {
      for (const instrumentation of instrumentations) instrumentation.disable();
      setContentConfig(undefined);
      client.destroy();
      await simulator.close();
      await recording.stop();
    }
  }

  for (const order of ['before', 'after'] as const) {
    it(`follows the content options of autolog(), if it runs ${order} it`, async () => {
      expect(await recordedBeside({}, {}, order)).to.include(MARK);
      expect(await recordedBeside({ captureMessageContent: false }, {}, order)).to.not.include(MARK);
      expect(
        await recordedBeside({ captureMessageContent: false }, { captureMessageContent: true }, order),
      ).to.not.include(MARK);
      const contentHook: ContentOptions['contentHook'] = ({ value }) =>
        JSON.parse(JSON.stringify(value).replaceAll(MARK, 'numbat'));
      expect(await recordedBeside({ contentHook }, {}, order))
        .to.include('numbat')
        .and.to.not.include(MARK);
      expect(await recordedBeside({ maxContentLength: 3 }, {}, order)).to.include('quo… [3 more characters');
      expect(await recordedBeside({ contentFormats: ['mlflow'] }, {}, order)).to.not.include('gen_ai.input.messages');
    });
  }

  it('passes the hook of its own first, then that of autolog()', async () => {
    const replace =
      (from: string, to: string): NonNullable<ContentOptions['contentHook']> =>
      ({ value }) =>
        JSON.parse(JSON.stringify(value).replaceAll(from, to));
    const own = { contentHook: replace(MARK, 'numbat') };
    expect(await recordedBeside({ contentHook: replace('numbat', 'bilby') }, own, 'after')).to.include('bilby');
  });
});
