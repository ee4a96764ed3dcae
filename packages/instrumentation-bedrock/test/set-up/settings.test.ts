/** Changes of the settings while the application runs and uses its clients. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { expect } from 'chai';
import { beforeEachTest } from '../support/simulation.js';
import { collect, type Tracing } from '../support/tracing.js';

const CONVERSE: sdk.ConverseCommandInput = {
  modelId: 'anthropic.claude-3-5-sonnet-20241022-v2:0',
  messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
};

describe('setConfig() while running', () => {
  let tracing: Tracing;
  let client: sdk.BedrockRuntimeClient;
  beforeEachTest((parts) => {
    ({ tracing, client } = parts);
  });

  it('applies from the next call on, and the application gets the same', async () => {
    const hooked: unknown[] = [];
    const call = async () => (await client.send(new sdk.ConverseCommand(CONVERSE))).output;
    const answers = [await call()];
    tracing.instrumentation.setConfig({
      captureMessageContent: false,
      requestHook: (_span, { operation }) => hooked.push(operation),
    });
    answers.push(await call());
    tracing.instrumentation.setConfig({});
    answers.push(await call());
    expect(answers).to.deep.equal([answers[0], answers[0], answers[0]]);
    expect(tracing.spans().map(({ attributes }) => 'gen_ai.output.messages' in attributes)).to.deep.equal([
      true,
      false,
      true,
    ]);
    expect(hooked).to.deep.equal(['Converse']);
  });

  it('does not change open calls: a stream keeps the settings of its start', async () => {
    const { stream } = await client.send(new sdk.ConverseStreamCommand(CONVERSE));
    tracing.instrumentation.setConfig({ captureMessageContent: false, recordStreamEvents: false });
    const events = await collect(stream);
    const [span] = tracing.spans();
    expect(span?.events.length).to.equal(events.length);
    expect(span?.attributes).to.include.keys('gen_ai.output.messages');
  });

  it('logs a warning for a value of the wrong type, and calls work', async () => {
    const warnings: string[] = [];
    const silent = () => undefined;
    const logger = { error: silent, info: silent, debug: silent, verbose: silent };
    diag.setLogger({ ...logger, warn: (...words) => warnings.push(words.join(' ')) }, DiagLogLevel.WARN);
    tracing.instrumentation.setConfig({ maxContentLength: 'long' } as never);
    tracing.instrumentation.setConfig(undefined as never);
    const { stopReason } = await client.send(new sdk.ConverseCommand(CONVERSE));
    diag.disable();
    expect(stopReason).to.equal('end_turn');
    expect(tracing.spans()).to.have.lengthOf(1);
    expect(warnings.join()).to.include('maxContentLength must be 0 or more characters, not long; the default is used');
  });
});
