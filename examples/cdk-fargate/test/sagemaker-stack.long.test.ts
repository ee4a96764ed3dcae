/** Checks the README's statements about MLflow of SageMaker in the templates. */
import { expect } from 'chai';
import { readerStatements, senderStatements } from '../src/sagemaker-policies.js';
import { resolve, type Values } from './support/cloudformation.js';
import { type Resource, resource, resources, type StackTemplate, synthesizeCase } from './support/synthesize.js';

const SERVER = 'tracking server of SageMaker';
const APP = 'app of SageMaker, which goes with its data';
const BUCKET = 'traces-of-a-team';
const ARN = 'arn:aws:sagemaker:us-east-1:123456789012:mlflow-tracking-server/mlflow-sagemaker-server';

describe('MLflow of SageMaker', function () {
  this.timeout(180_000);
  let server: StackTemplate;
  let app: StackTemplate;

  before(() => {
    server = synthesizeCase(SERVER).template();
    app = synthesizeCase(APP).template();
  });

  const bucketOf = (template: StackTemplate): [string, Resource] =>
    resources(template, 'AWS::S3::Bucket').find(([id]) => !id.includes('Logs'))!;
  /** Values of the references in a template, with this ARN for MLflow. */
  const valuesOf = (template: StackTemplate, mlflow = ARN): Values => {
    const [bucketId] = bucketOf(template);
    const ids = [
      ...resources(template, 'AWS::SageMaker::MlflowTrackingServer'),
      ...resources(template, 'AWS::SageMaker::MlflowApp'),
    ];
    return {
      [bucketId]: BUCKET,
      [`${bucketId}.Arn`]: `arn:aws:s3:::${BUCKET}`,
      ...Object.fromEntries(
        ids.flatMap(([id]) => [
          [`${id}.TrackingServerArn`, mlflow],
          [`${id}.Arn`, mlflow],
        ]),
      ),
    };
  };
  const statementsOf = (template: StackTemplate, idPart: string): unknown[] => {
    const { Statement } = resource(template, 'AWS::IAM::ManagedPolicy', idPart).Properties.PolicyDocument;
    return Statement.map(({ Resource: on, ...rest }: { Resource: unknown }) => ({
      ...rest,
      Resource: resolve(on, valuesOf(template)),
    }));
  };

  it('creates a tracking server of the wanted size and version, which registers no models', () => {
    const { Properties } = resource(server, 'AWS::SageMaker::MlflowTrackingServer');
    const { ArtifactStoreUri, RoleArn, ...rest } = Properties;
    expect(rest).to.deep.equal({
      TrackingServerName: 'mlflow-sagemaker-server',
      TrackingServerSize: 'Medium',
      MlflowVersion: '3.10.1',
      AutomaticModelRegistration: false,
    });
    expect(resolve(ArtifactStoreUri, valuesOf(server))).to.equal(`s3://${BUCKET}/artifacts`);
    const [roleId] = RoleArn['Fn::GetAtt'];
    expect(server.Resources[roleId]?.Type).to.equal('AWS::IAM::Role');
  });

  it('creates an app that registers no models', () => {
    const { ArtifactStoreUri, RoleArn: _, ...rest } = resource(app, 'AWS::SageMaker::MlflowApp').Properties;
    expect(rest).to.deep.equal({
      Name: 'mlflow-sagemaker-app',
      ModelRegistrationMode: 'AutoModelRegistrationDisabled',
    });
    expect(resolve(ArtifactStoreUri, valuesOf(app))).to.equal(`s3://${BUCKET}/artifacts`);
  });

  it('has no task, network, load balancer or database, which SageMaker has', () => {
    const expected = ['AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::IAM::Role', 'AWS::IAM::ManagedPolicy'];
    const types = new Set(Object.values(server.Resources).map(({ Type }) => Type));
    expect([...types]).to.have.members([...expected, 'AWS::SageMaker::MlflowTrackingServer']);
  });

  it('keeps artifacts in an encrypted bucket without public access that only accepts TLS and expires old versions', () => {
    for (const template of [server, app]) {
      const [id, { Properties }] = bucketOf(template);
      expect(Properties.PublicAccessBlockConfiguration).to.deep.equal({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      expect(JSON.stringify(Properties.BucketEncryption)).to.contain('AES256');
      expect(JSON.stringify(Properties.LifecycleConfiguration)).to.contain('"NoncurrentDays":30');
      const policy = resources(template, 'AWS::S3::BucketPolicy').find(([, one]) => one.Properties.Bucket.Ref === id);
      expect(JSON.stringify(policy)).to.contain('"Condition":{"Bool":{"aws:SecureTransport":"false"}}');
    }
  });

  it('lets only SageMaker assume the role, and the role use only the bucket', () => {
    for (const template of [server, app]) {
      const { RoleArn } = [
        ...resources(template, 'AWS::SageMaker::MlflowTrackingServer'),
        ...resources(template, 'AWS::SageMaker::MlflowApp'),
      ][0]![1].Properties;
      const { Properties } = template.Resources[RoleArn['Fn::GetAtt'][0]]!;
      expect(Properties.AssumeRolePolicyDocument.Statement).to.deep.equal([
        { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'sagemaker.amazonaws.com' } },
      ]);
      expect(Properties.ManagedPolicyArns).to.equal(undefined);
      expect(Properties.Policies).to.have.length(1);
      for (const { Action, Resource: on } of Properties.Policies[0].PolicyDocument.Statement) {
        for (const action of [Action].flat()) expect(action).to.match(/^s3:[A-Za-z]+$/);
        expect(resolve(on, valuesOf(template))).to.match(new RegExp(`^arn:aws:s3:::${BUCKET}(?:/artifacts/\\*)?$`));
      }
    }
  });

  it('has policies for senders and readers, for this MLflow and for files of traces only', () => {
    const traces = `arn:aws:s3:::${BUCKET}/artifacts/*/traces/*`;
    for (const [template, kind] of [
      [server, 'server'],
      [app, 'app'],
    ] as const) {
      const arns = { kind, mlflow: ARN, traces };
      expect(statementsOf(template, 'Sender')).to.deep.equal(flat(senderStatements(arns)));
      expect(statementsOf(template, 'Reader')).to.deep.equal(flat(readerStatements(arns)));
    }
  });

  it('keeps MLflow, its role and its bucket if the stack is deleted, unless removeData is set', () => {
    const policies = (template: StackTemplate): (string | undefined)[] =>
      Object.values(template.Resources)
        .filter(({ Type }) => /Mlflow|S3::Bucket$/.test(Type))
        .map(({ DeletionPolicy }) => DeletionPolicy);
    expect(new Set(policies(server))).to.deep.equal(new Set(['Retain']));
    expect(new Set(policies(app))).to.deep.equal(new Set(['Delete']));
    expect(resource(server, 'AWS::IAM::Role').DeletionPolicy).to.equal('Retain');
  });

  it('gives the function and the task the ARN as tracking URI, and the policy for senders', () => {
    const { template } = synthesizeCase(SERVER);
    const application = template('application');
    const outputs = Object.entries(server.Outputs ?? {});
    const exported = (idPart: string): string => {
      const [, found] = outputs.find(([id]) => id.startsWith('ExportsOutput') && id.includes(idPart)) ?? [];
      return (found as unknown as { Export: { Name: string } }).Export.Name;
    };
    const trackingUri = { 'Fn::ImportValue': exported('ServerTrackingServerArn') };
    const sender = { 'Fn::ImportValue': exported('Sender') };

    const { Environment } = resource(application, 'AWS::Lambda::Function').Properties;
    expect(Environment.Variables.MLFLOW_TRACKING_URI).to.deep.equal(trackingUri);
    const [{ Environment: ofTask }] = resource(application, 'AWS::ECS::TaskDefinition').Properties.ContainerDefinitions;
    expect(ofTask).to.deep.include({ Name: 'MLFLOW_TRACKING_URI', Value: trackingUri });
    for (const role of ['FunctionRole', 'TaskTaskRole'])
      expect(resource(application, 'AWS::IAM::Role', role).Properties.ManagedPolicyArns).to.deep.equal([sender]);
    const ids = Object.keys(application.Outputs ?? {});
    expect(ids).to.include.members(['ClusterName', 'ClientSecurityGroup', 'Subnets', 'TaskDefinition', 'FunctionName']);
  });
});

/** Statements in the form of a template, where one action is no list. */
function flat(statements: ReturnType<typeof senderStatements>): unknown[] {
  return statements.map(({ Action, ...rest }) => ({ ...rest, Action: Action.length === 1 ? Action[0] : Action }));
}
