import { BedrockAgentRuntimeClient, InvokeAgentCommand } from '@aws-sdk/client-bedrock-agent-runtime';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import * as anthropic from '../frameworks/test/anthropic-applications.js';
import { explainBedrockError } from '../shared/explain-error.js';

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };
const MESSAGES = [{ role: 'user' as const, content: [{ text: 'Hi' }] }];

describe('explainBedrockError', () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());

  /** Explains why the call of a client with this endpoint fails. */
  async function explain(endpoint: string): Promise<string> {
    const client = new BedrockRuntimeClient({
      region: 'us-east-1',
      credentials: CREDENTIALS,
      maxAttempts: 1,
      endpoint,
    });
    return explained(client.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages: MESSAGES })));
  }

  it('explains how to set a region', async () => {
    const call = async () =>
      new BedrockRuntimeClient({ region: '', credentials: CREDENTIALS }).send(
        new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages: MESSAGES }),
      );
    expect(await explained(call())).to.match(/^No AWS region is set: set AWS_REGION/);
  });

  it('explains how to choose region and model if Bedrock rejects them', async () => {
    const advice = await explain(simulator.endpoint({ scenario: 'validation-error' }));
    expect(advice).to.match(/^Bedrock rejects the request, .*set AWS_REGION .*BEDROCK_MODEL_ID .*ValidationException/);
  });

  it('explains how to name a guardrail if the id is unknown', async () => {
    const message = 'The guardrail identifier or version provided in the request does not exist.';
    const advice = await explain(simulator.endpoint({ scenario: 'validation-error', parameters: { message } }));
    expect(advice).to.match(/^The guardrail does not exist in this account and region: set BEDROCK_GUARDRAIL_ID /);
  });

  it('gives the advice of the example if Bedrock does not find what it calls', async () => {
    const endpoint = simulator.endpoint({ scenario: 'error', parameters: { type: 'ResourceNotFoundException' } });
    const client = new BedrockAgentRuntimeClient({ region: 'us-east-1', credentials: CREDENTIALS, endpoint });
    const call = client.send(new InvokeAgentCommand({ agentId: 'A', agentAliasId: 'B', sessionId: 'C' }));
    const advice = await explained(call, 'Set BEDROCK_AGENT_ID.');
    expect(advice).to.match(/^Set BEDROCK_AGENT_ID\. \(ResourceNotFoundException: /);
  });

  it('reports that the host of an unknown region does not exist', async () => {
    const advice = await explain('http://bedrock-runtime.nowhere-1.invalid');
    expect(advice).to.match(/^The host of this region was not found: set AWS_REGION/);
  });

  it('reports that Bedrock cannot be reached if only the cause of the error shows it', async () => {
    const stopped = await startSimulator();
    await stopped.close();
    const call = anthropic.client(stopped.url).messages.create({
      model: anthropic.MODEL,
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Hi' }],
    });
    expect(await explained(call)).to.match(/^Bedrock cannot be reached: .*ECONNREFUSED/);
  });
});

/** Explains the error of a call that must fail. */
async function explained(call: Promise<unknown>, missing?: string): Promise<string> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(Error);
  return explainBedrockError(error, missing);
}
