import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  type IManagedPolicy,
  ManagedPolicy,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { CfnMlflowApp, CfnMlflowTrackingServer } from 'aws-cdk-lib/aws-sagemaker';
import type { Construct } from 'constructs';
import { accept } from './accept.js';
import { ARTIFACT_ACTIONS, ArtifactStore, PREFIX } from './artifact-store.js';
import { type ManagedMlflow, readerStatements, type Statement, senderStatements } from './sagemaker-policies.js';
import type { Settings } from './settings.js';

/** MLflow that SageMaker runs, with its bucket and role, and policies for those who send and read traces. */
export class SageMakerStack extends Stack {
  /** ARN of the tracking server or app: the value of `MLFLOW_TRACKING_URI`. */
  readonly trackingUri: string;
  /** For applications that send traces. */
  readonly sender: IManagedPolicy;

  constructor(scope: Construct, id: string, { kind, settings }: { kind: ManagedMlflow; settings: Settings }) {
    super(scope, id, { description: `MLflow of SageMaker for traces of Amazon Bedrock (${kind})` });
    const removalPolicy = settings.removeData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const artifacts = new ArtifactStore(this, 'Artifacts', {
      removalPolicy,
      logRetentionDays: RetentionDays.THREE_MONTHS,
    });
    const props = { roleArn: this.#createRole(artifacts, removalPolicy).roleArn, artifactStoreUri: artifacts.uri };
    this.trackingUri =
      kind === 'server' ? this.#createServer(props, settings, removalPolicy) : this.#createApp(props, removalPolicy);

    const arns = {
      kind,
      mlflow: this.trackingUri,
      traces: artifacts.bucket.arnForObjects(`${PREFIX}/*/traces/*`),
    };
    this.sender = this.#createPolicy('Sender', 'Sends traces to MLflow', senderStatements(arns));
    const reader = this.#createPolicy('Reader', 'Reads traces of MLflow', readerStatements(arns));
    this.#acceptFindings(artifacts, reader);

    new CfnOutput(this, 'TrackingUri', { value: this.trackingUri, description: 'For MLFLOW_TRACKING_URI' });
    new CfnOutput(this, 'SenderPolicy', {
      value: this.sender.managedPolicyArn,
      description: 'For roles of applications that send traces',
    });
    new CfnOutput(this, 'ReaderPolicy', {
      value: reader.managedPolicyArn,
      description: 'For users who look at traces',
    });
    new CfnOutput(this, 'ArtifactBucket', { value: artifacts.bucket.bucketName });
  }

  /** The role with which SageMaker reads and writes artifacts. It stays as long as MLflow, which fails without it. */
  #createRole({ bucket }: ArtifactStore, removalPolicy: RemovalPolicy): Role {
    const statements = [
      new PolicyStatement({ actions: ['s3:ListBucket', 's3:GetBucketLocation'], resources: [bucket.bucketArn] }),
      new PolicyStatement({ actions: [...ARTIFACT_ACTIONS], resources: [bucket.arnForObjects(`${PREFIX}/*`)] }),
    ];
    const role = new Role(this, 'Role', {
      description: 'MLflow of SageMaker reads and writes its artifacts',
      assumedBy: new ServicePrincipal('sagemaker.amazonaws.com'),
      // Not a policy of its own, which would not stay with the role.
      inlinePolicies: { artifacts: new PolicyDocument({ statements }) },
    });
    role.applyRemovalPolicy(removalPolicy);
    return role;
  }

  #createServer(
    props: { roleArn: string; artifactStoreUri: string },
    { serverSize, serverVersion }: Settings,
    removalPolicy: RemovalPolicy,
  ): string {
    const server = new CfnMlflowTrackingServer(this, 'Server', {
      ...props,
      trackingServerName: this.stackName,
      trackingServerSize: serverSize,
      ...(serverVersion === undefined ? {} : { mlflowVersion: serverVersion }),
      automaticModelRegistration: false,
    });
    server.applyRemovalPolicy(removalPolicy);
    new CfnOutput(this, 'TrackingServerName', { value: this.stackName });
    return server.attrTrackingServerArn;
  }

  #createApp(props: { roleArn: string; artifactStoreUri: string }, removalPolicy: RemovalPolicy): string {
    const app = new CfnMlflowApp(this, 'App', {
      ...props,
      name: this.stackName,
      modelRegistrationMode: 'AutoModelRegistrationDisabled',
    });
    app.applyRemovalPolicy(removalPolicy);
    return app.attrArn;
  }

  #createPolicy(id: string, description: string, statements: readonly Statement[]): ManagedPolicy {
    return new ManagedPolicy(this, id, {
      description,
      document: PolicyDocument.fromJson({ Version: '2012-10-17', Statement: statements }),
    });
  }

  #acceptFindings(artifacts: ArtifactStore, reader: ManagedPolicy): void {
    const bucketId = this.getLogicalId(artifacts.bucket.node.defaultChild as CfnBucket);
    accept(this, {
      [`AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${PREFIX}/*]`]:
        'The objects are artifacts, and MLflow chooses their names.',
      [`AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${PREFIX}/*/traces/*]`]:
        'The objects are traces. MLflow chooses their names, and the ids of experiments.',
    });
    accept(reader, {
      'AwsSolutions-IAM5[Resource::*]': 'IAM cannot limit sagemaker-mlflow:AccessUI to a resource.',
      ...Object.fromEntries(
        ['Get', 'List', 'Search'].map((verb) => [
          `AwsSolutions-IAM5[Action::sagemaker-mlflow:${verb}*]`,
          'Actions with this verb only read.',
        ]),
      ),
    });
  }
}
