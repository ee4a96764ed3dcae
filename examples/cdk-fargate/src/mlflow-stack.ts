import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Cluster, ContainerInsights, ExecuteCommandLogging } from 'aws-cdk-lib/aws-ecs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import type { Construct } from 'constructs';
import { accept } from './accept.js';
import { ArtifactStore } from './artifact-store.js';
import { Collector } from './collector.js';
import type { Database } from './database.js';
import type { Images } from './images.js';
import { Network } from './network.js';
import { ProductionDatabase } from './production-database.js';
import { Server } from './server.js';
import type { Settings } from './settings.js';
import { TrialDatabase } from './trial-database.js';

const LOG_RETENTION = { trial: RetentionDays.ONE_WEEK, production: RetentionDays.THREE_MONTHS } as const;

/** MLflow with its network, database and bucket. */
export class MlflowStack extends Stack {
  readonly network: Network;
  readonly cluster: Cluster;
  readonly trackingUri: string;

  constructor(scope: Construct, id: string, { settings, images }: { settings: Settings; images: Images }) {
    super(scope, id, { description: `MLflow for traces of Amazon Bedrock (${settings.stage})` });
    const { stage, removeData } = settings;
    const removalPolicy = removeData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const logRetention = LOG_RETENTION[stage];
    this.network = new Network(this, 'Network', { ...settings, logRetention });
    const { vpc } = this.network;
    this.cluster = new Cluster(this, 'Cluster', {
      vpc,
      // With logging, the tasks would need permissions on every log group. AWS CloudTrail records each session anyway.
      executeCommandConfiguration: { logging: ExecuteCommandLogging.NONE },
      containerInsightsV2: stage === 'production' ? ContainerInsights.ENABLED : ContainerInsights.DISABLED,
    });
    if (stage === 'trial')
      accept(this.cluster, { 'AwsSolutions-ECS4': 'In a trial, the metrics would cost more than the tasks.' });
    const logGroup = new LogGroup(this, 'TaskLogs', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY });

    const artifacts = new ArtifactStore(this, 'Artifacts', { removalPolicy, logRetentionDays: logRetention });
    const database = this.#createDatabase({ settings, images, logGroup, removalPolicy });
    const parts = { network: this.network, cluster: this.cluster, images, logGroup, settings };
    const server = new Server(this, 'Server', { ...parts, database, artifacts });
    this.trackingUri = server.url;
    if (settings.collector) {
      const collector = new Collector(this, 'Collector', { ...parts, server });
      new CfnOutput(this, 'CollectorUrl', { value: collector.url, description: 'For OTEL_EXPORTER_OTLP_ENDPOINT' });
    }

    new CfnOutput(this, 'Url', { value: server.url, description: 'For browsers and MLFLOW_TRACKING_URI' });
    if (server.authentication)
      new CfnOutput(this, 'AdministratorSecret', {
        value: server.authentication.administrator.secretArn,
        description: 'User name and password of the first user of MLflow',
      });
    new CfnOutput(this, 'ArtifactBucket', { value: artifacts.bucket.bucketName });
    new CfnOutput(this, 'LoadBalancerName', { value: server.loadBalancer.loadBalancerDnsName });
    new CfnOutput(this, 'ClientSecurityGroup', { value: this.network.clients.securityGroupId });
    new CfnOutput(this, 'ClusterName', { value: this.cluster.clusterName });
    new CfnOutput(this, 'ServiceName', { value: server.service.serviceName });
    new CfnOutput(this, 'TaskDefinition', { value: server.service.taskDefinition.taskDefinitionArn });
    new CfnOutput(this, 'ServerSecurityGroup', { value: server.securityGroup.securityGroupId });
    new CfnOutput(this, 'Subnets', { value: vpc.selectSubnets({ subnetGroupName: 'private' }).subnetIds.join(',') });
  }

  #createDatabase(props: {
    settings: Settings;
    images: Images;
    logGroup: LogGroup;
    removalPolicy: RemovalPolicy;
  }): Database {
    const { vpc } = this.network;
    const { stage, removeData } = props.settings;
    if (stage === 'production') return new ProductionDatabase(this, 'Database', { vpc, removeData });
    const namespace = new PrivateDnsNamespace(this, 'Namespace', { vpc, name: `${this.stackName}.internal` });
    return new TrialDatabase(this, 'Database', { ...props, vpc, cluster: this.cluster, namespace });
  }
}
