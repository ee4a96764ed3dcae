import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { NO_AWS_SETTINGS, runExample, runExampleScript, withScenario } from './run-example.js';

const KEYS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

describe('errors of the examples', function () {
  this.timeout(120_000);

  it('explain where to get credentials if the AWS SDK finds none', async () => {
    const { code, output } = await runExampleScript(['token-cost', '--aws'], NO_AWS_SETTINGS);
    expect(code).to.equal(1);
    expect(output).to.match(/^No AWS credentials were found: run "aws configure" or "aws sso login", or set/m);
    expect(output).to.not.contain('    at ');
  });

  it('explain how to set a region if none is set', async () => {
    const { output } = await runExampleScript(['agent', '--aws'], {
      ...NO_AWS_SETTINGS,
      ...KEYS,
      AWS_REGION: undefined,
    });
    expect(output).to.match(/^No AWS region is set: set AWS_REGION/m);
  });

  it('name the missing permission and leave a trace of the failed call', async () => {
    const { code, output, traces } = await withScenario('access-denied', ['quickstart']);
    expect(code).to.equal(1);
    expect(output).to.match(/^AWS denies the use of this model: allow bedrock:InvokeModel .*AccessDeniedException/m);
    expect(traces.map(({ info }) => info.state)).to.deep.equal(['ERROR']);
  });

  it('report that Bedrock cannot be reached if only the cause of the error shows it', async () => {
    const endpoint = { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: await freeAddress() };
    const { code, output } = await runExample(['frameworks/anthropic'], endpoint);
    expect(code).to.equal(1);
    expect(output).to.match(/^Bedrock cannot be reached: .*ECONNREFUSED/m);
    expect(output).to.not.contain('    at ');
  });

  it('explain how to choose region and model if Bedrock rejects them', async () => {
    const { output } = await withScenario('validation-error', ['token-cost']);
    expect(output).to.match(/^Bedrock rejects the request, .*set AWS_REGION .*BEDROCK_MODEL_ID .*ValidationException/m);
  });

  it('explain how to name a guardrail if the id is unknown', async () => {
    const message = 'The guardrail identifier or version provided in the request does not exist.';
    const { code, output } = await withScenario('validation-error', ['guardrail'], { message });
    expect(code).to.equal(1);
    expect(output).to.match(/^The guardrail does not exist in this account and region: set BEDROCK_GUARDRAIL_ID /m);
  });

  for (const [example, variables] of [
    ['bedrock-agent', 'BEDROCK_AGENT_ID and BEDROCK_AGENT_ALIAS_ID'],
    ['knowledge-base', 'BEDROCK_KNOWLEDGE_BASE_ID'],
  ] as const) {
    it(`explain how to name what ${example} calls if Bedrock does not find it`, async () => {
      const type = 'ResourceNotFoundException';
      const { code, output, traces } = await withScenario('error', [example], { type });
      expect(code).to.equal(1);
      expect(output).to.match(new RegExp(`^Bedrock does not find the .*: set ${variables} to .*${type}`, 'm'));
      expect(traces.map(({ info }) => info.state)).to.deep.equal(['ERROR']);
    });
  }

  it('report that the host of an unknown region does not exist', async () => {
    const endpoint = { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'http://bedrock-runtime.nowhere-1.invalid' };
    const { output } = await runExampleScript(['streaming', '--aws'], { ...NO_AWS_SETTINGS, ...KEYS, ...endpoint });
    expect(output).to.match(/^The host of this region was not found: set AWS_REGION/m);
  });

  it('explain how to start MLflow if no server answers', async () => {
    const url = await freeAddress();
    const { code, output } = await runExampleScript(['agent'], { MLFLOW_TRACKING_URI: url });
    expect(code).to.equal(1);
    expect(output.trimEnd()).to.equal(
      `No MLflow server answers at ${url} (ECONNREFUSED). Set MLFLOW_TRACKING_URI to yours, or start one: "npm run demo -- --port 5000" in another terminal.`,
    );
  });

  it('do not occur with --help, which prints the usage', async () => {
    const { code, output } = await runExampleScript(['--help']);
    expect(code).to.equal(0);
    expect(output).to.match(/^Usage: npm run example -- quickstart\|streaming\|/);
  });

  it('list the examples if the name is wrong', async () => {
    const { code, output } = await runExampleScript(['agnet']);
    expect(code).to.equal(1);
    expect(output).to.match(/^There is no example "agnet"\.\nUsage: npm run example -- quickstart\|streaming\|/);
  });
});

/** Returns the address of a port without a listener. */
async function freeAddress(): Promise<string> {
  const simulator = await startSimulator();
  await simulator.close();
  return simulator.url;
}
