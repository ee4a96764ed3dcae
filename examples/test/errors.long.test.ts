import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { NO_AWS_SETTINGS, runExampleScript, withScenario } from './run-example.js';

describe('errors of the examples', function () {
  this.timeout(120_000);

  it('explain where to get credentials if the AWS SDK finds none', async () => {
    const { code, output } = await runExampleScript(['token-cost', '--aws'], NO_AWS_SETTINGS);
    expect(code).to.equal(1);
    expect(output).to.match(/^No AWS credentials were found: run "aws configure" or "aws sso login", or set/m);
    expect(output).to.not.contain('    at ');
  });

  it('name the missing permission and leave a trace of the failed call', async () => {
    const { code, output, traces } = await withScenario('access-denied', ['quickstart']);
    expect(code).to.equal(1);
    expect(output).to.match(/^AWS denies the use of this model: allow bedrock:InvokeModel .*AccessDeniedException/m);
    expect(traces.map(({ info }) => info.state)).to.deep.equal(['ERROR']);
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

  it('explain how to start MLflow if no server answers', async () => {
    const stopped = await startSimulator();
    await stopped.close();
    const { url } = stopped;
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
