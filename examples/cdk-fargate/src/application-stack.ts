import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { Cluster, ContainerImage, ContainerInsights, FargateTaskDefinition, LogDrivers } from 'aws-cdk-lib/aws-ecs';
import { type IManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { accept } from './accept.js';
import { acceptModels, invokeModelStatements } from './bedrock-policy.js';
import { bundle, bundleWithDockerfile } from './bundle.js';
import { acceptPull } from './images.js';
import { Network } from './network.js';
import type { Settings } from './settings.js';

const ENTRY = 'lambda/bundled.ts';
/** Program of the task: runs the function once, with the question in its environment. */
const RUN_ONCE =
  "require('./index.js').handler({ question: process.env.QUESTION }, { getRemainingTimeInMillis: () => 60_000 }).then(console.log)";
/** Actions that Lambda needs to put a function into a VPC. IAM cannot limit them to a resource. */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** The MLflow that gets the traces. */
export interface MlflowOfApplication {
  /** Value of `MLFLOW_TRACKING_URI`. */
  readonly trackingUri: string;
  /** The network of MLflow. Default: the application gets one of its own. */
  readonly network?: Network;
  /** Permission to send traces. Default: MLflow asks for none. */
  readonly sender?: IManagedPolicy;
}

export interface ApplicationStackProps {
  settings: Settings;
  mlflow: MlflowOfApplication;
}

interface Place {
  readonly network: Network;
  readonly sender: IManagedPolicy | undefined;
}

/** Applications that call Bedrock with tracing: the function of examples/lambda, and the same code as an ECS task. */
export class ApplicationStack extends Stack {
  constructor(scope: Construct, id: string, { settings, mlflow }: ApplicationStackProps) {
    super(scope, id, { description: 'A Lambda function and an ECS task that call Amazon Bedrock, traced to MLflow' });
    const environment = {
      MLFLOW_TRACKING_URI: mlflow.trackingUri,
      MLFLOW_EXPERIMENT_NAME: 'bedrock-on-aws',
      BEDROCK_MODEL_ID: settings.modelId,
    };
    const place = { network: mlflow.network ?? this.#addNetwork(settings), sender: mlflow.sender };
    this.#addFunction(environment, place, settings);
    // `cdk deploy` builds the image of the task from an image of a public registry.
    if (settings.network === 'nat') this.#addTask(environment, place, settings);
  }

  /** A network and a cluster, for MLflow that is outside of them. */
  #addNetwork(settings: Settings): Network {
    const network = new Network(this, 'Network', {
      ...settings,
      logRetention: RetentionDays.ONE_WEEK,
      clients: 'Sends traces to MLflow',
    });
    const cluster = new Cluster(this, 'Cluster', {
      vpc: network.vpc,
      containerInsightsV2: ContainerInsights.DISABLED,
    });
    accept(cluster, { 'AwsSolutions-ECS4': 'The metrics would cost more than a task that runs once.' });
    new CfnOutput(this, 'ClusterName', { value: cluster.clusterName });
    new CfnOutput(this, 'ClientSecurityGroup', { value: network.clients.securityGroupId });
    return network;
  }

  #addFunction(environment: Record<string, string>, { network, sender }: Place, { modelId }: Settings): void {
    const logGroup = this.#logGroup('FunctionLogs');
    const role = new Role(this, 'FunctionRole', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    for (const statement of invokeModelStatements(this, modelId)) role.addToPolicy(statement);
    if (sender) role.addManagedPolicy(sender);
    logGroup.grantWrite(role);
    role.addToPolicy(new PolicyStatement({ actions: NETWORK_INTERFACE_ACTIONS, resources: ['*'] }));
    const handler = new LambdaFunction(this, 'Function', {
      description: 'Answers a question by a model of Amazon Bedrock: {"question": "…"}',
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromAsset(bundle(ENTRY)),
      role,
      environment,
      memorySize: 512,
      timeout: Duration.seconds(60),
      logGroup,
      vpc: network.vpc,
      vpcSubnets: { subnetGroupName: 'private' },
      securityGroups: [network.clients],
    });
    accept(role, {
      'AwsSolutions-IAM5[Resource::*]':
        'For network interfaces of Lambda in a VPC. IAM cannot limit these actions to a resource.',
    });
    acceptModels(role, modelId);
    new CfnOutput(this, 'FunctionName', { value: handler.functionName });
  }

  #addTask(environment: Record<string, string>, { network, sender }: Place, { modelId }: Settings): void {
    const taskDefinition = new FargateTaskDefinition(this, 'Task', { cpu: 256, memoryLimitMiB: 512 });
    for (const statement of invokeModelStatements(this, modelId)) taskDefinition.addToTaskRolePolicy(statement);
    if (sender) taskDefinition.taskRole.addManagedPolicy(sender);
    taskDefinition.addContainer('application', {
      image: ContainerImage.fromAsset(bundleWithDockerfile(ENTRY), { platform: Platform.LINUX_AMD64 }),
      command: ['node', '--eval', RUN_ONCE],
      // The image sets the user "node".
      readonlyRootFilesystem: true,
      environment: { ...environment, QUESTION: 'What is the capital of France?' },
      logging: LogDrivers.awsLogs({ logGroup: this.#logGroup('TaskLogs'), streamPrefix: 'application' }),
    });
    accept(taskDefinition, { 'AwsSolutions-ECS2': 'The environment contains no secret.' });
    acceptPull(taskDefinition);
    acceptModels(taskDefinition, modelId);
    new CfnOutput(this, 'TaskDefinition', { value: taskDefinition.taskDefinitionArn });
    new CfnOutput(this, 'Subnets', {
      value: network.vpc.selectSubnets({ subnetGroupName: 'private' }).subnetIds.join(','),
    });
  }

  #logGroup(id: string): LogGroup {
    return new LogGroup(this, id, { retention: RetentionDays.ONE_WEEK, removalPolicy: RemovalPolicy.DESTROY });
  }
}
