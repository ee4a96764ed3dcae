import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startSageMakerGateway } from 'testing/managed/gateway.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { tracesOf } from '../../test/run-example.js';
import { functionFolder, invokeDeployed, runOnSimulator } from './support/application.js';
import { resource, resources, type StackTemplate, synthesizeCase } from './support/synthesize.js';

const MODEL = 'foundation-model/amazon.nova-lite-v1:0';

describe('application on Lambda and ECS', function () {
  this.timeout(180_000);
  let template: StackTemplate;

  before(() => {
    template = synthesizeCase('trial with everything').template('application');
  });

  const statements = (of: StackTemplate, idPart: string) =>
    resource(of, 'AWS::IAM::Policy', idPart).Properties.PolicyDocument.Statement;
  const onBedrock = (of: StackTemplate, idPart: string) =>
    statements(of, idPart).filter(({ Action }: { Action: unknown }) => JSON.stringify(Action).includes('bedrock'));
  const arn = (resourceOf: unknown): string =>
    (resourceOf as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1]
      .map((part) => (typeof part === 'string' ? part : `{${(part as { Ref: string }).Ref}}`))
      .join('');

  it('may call only its own model on Bedrock', () => {
    for (const role of ['FunctionRole', 'TaskTaskRole']) {
      const [statement, ...others] = onBedrock(template, role);
      expect(others).to.deep.equal([]);
      expect(statement.Action).to.deep.equal(['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream']);
      expect(arn(statement.Resource)).to.equal(`arn:{AWS::Partition}:bedrock:{AWS::Region}::${MODEL}`);
    }
    // The task has no other permission.
    expect(statements(template, 'TaskTaskRole')).to.have.length(1);
  });

  it('may call the model of an inference profile only through that profile', () => {
    const withProfile = synthesizeCase('production with HTTPS').template('application');
    const profile =
      'arn:{AWS::Partition}:bedrock:{AWS::Region}:{AWS::AccountId}:inference-profile/eu.amazon.nova-lite-v1:0';
    for (const role of ['FunctionRole', 'TaskTaskRole']) {
      const [onProfile, onModel, ...others] = onBedrock(withProfile, role);
      expect(others).to.deep.equal([]);
      expect(arn(onProfile.Resource)).to.equal(profile);
      expect(arn(onModel.Resource)).to.equal(`arn:{AWS::Partition}:bedrock:*::${MODEL}`);
      expect(arn(onModel.Condition.StringEquals['bedrock:InferenceProfileArn'])).to.equal(profile);
    }
  });

  it('runs in the private subnets and may call the load balancer', () => {
    const { VpcConfig, Runtime, LoggingConfig } = resource(template, 'AWS::Lambda::Function').Properties;
    expect(Runtime).to.equal('nodejs24.x');
    expect(JSON.stringify(VpcConfig.SubnetIds)).to.match(/privateSubnet1.*privateSubnet2/);
    expect(JSON.stringify(VpcConfig.SecurityGroupIds)).to.contain('NetworkClients');
    expect(LoggingConfig.LogGroup).to.have.property('Ref');
    for (const [, { Properties }] of resources(template, 'AWS::Logs::LogGroup'))
      expect(Properties.RetentionInDays).to.equal(7);
  });

  it('answers and leaves a trace if the deployed bundle is invoked like in Lambda', async () => {
    const { Environment } = resource(template, 'AWS::Lambda::Function').Properties;
    expect(Environment.Variables).to.have.keys('MLFLOW_TRACKING_URI', 'MLFLOW_EXPERIMENT_NAME', 'BEDROCK_MODEL_ID');
    const experimentName = `lambda-${randomUUID()}`;
    const { answer } = await invokeDeployed({
      MLFLOW_TRACKING_URI: (await testServer()).url,
      MLFLOW_EXPERIMENT_NAME: experimentName,
      BEDROCK_MODEL_ID: Environment.Variables.BEDROCK_MODEL_ID,
    });
    expect(answer).to.not.be.empty;
    await expectOneTrace(experimentName, answer);
  });

  it('signs what the deployed bundle sends to MLflow of SageMaker', async () => {
    const gateway = await startSageMakerGateway({ mlflow: (await testServer()).url });
    try {
      const experimentName = `lambda-${randomUUID()}`;
      const { answer } = await invokeDeployed({
        ...gateway.environment(),
        MLFLOW_TRACKING_URI: gateway.appArn,
        MLFLOW_EXPERIMENT_NAME: experimentName,
        // No prices from the internet.
        MLFLOW_MODEL_CATALOG_URI: '',
      });
      await expectOneTrace(experimentName, answer);
      const requests = await gateway.requests();
      expect(new Set(requests.map(({ verified, arn }) => `${verified} ${arn}`))).to.deep.equal(
        new Set([`true ${gateway.appArn}`]),
      );
    } finally {
      await gateway.close();
    }
  });

  it('answers and leaves a trace with the command of the ECS task', async () => {
    const { Command, Environment } = resource(template, 'AWS::ECS::TaskDefinition').Properties.ContainerDefinitions[0];
    const given = Object.fromEntries(Environment.map(({ Name, Value }: Record<string, string>) => [Name, Value]));
    const [program, ...args] = Command as string[];
    expect(program).to.equal('node');
    const experimentName = `task-${randomUUID()}`;
    const output = await runOnSimulator(args, functionFolder(), {
      ...given,
      MLFLOW_TRACKING_URI: (await testServer()).url,
      MLFLOW_EXPERIMENT_NAME: experimentName,
    });
    await expectOneTrace(experimentName, /answer: ["'](.*)["']/.exec(output)?.[1] ?? output);
  });
});

async function expectOneTrace(experimentName: string, answer: string): Promise<void> {
  const traces = await tracesOf(experimentName);
  expect(traces.map(({ info }) => [info.name, info.state, info.responsePreview])).to.deep.equal([
    ['chat amazon.nova-lite-v1:0', 'OK', answer],
  ]);
  expect(traces[0]?.info.tokenUsage?.totalTokens).to.be.greaterThan(0);
}
