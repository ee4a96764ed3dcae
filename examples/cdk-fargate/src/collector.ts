import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Duration } from 'aws-cdk-lib';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  Capability,
  ContainerDependencyCondition,
  Secret as EcsSecret,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  LinuxParameters,
  LogDrivers,
} from 'aws-cdk-lib/aws-ecs';
import { ApplicationProtocol, Protocol } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { accept } from './accept.js';
import { acceptPull, type Images } from './images.js';
import type { Network } from './network.js';
import type { Server } from './server.js';
import type { Settings } from './settings.js';

export interface CollectorProps {
  network: Network;
  cluster: ICluster;
  images: Images;
  logGroup: ILogGroup;
  settings: Settings;
  server: Server;
}

/** The file that docker-compose.yml mounts. docs/collector.md explains it. */
const CONFIG = fileURLToPath(new URL('../../../deploy/collector/config.yaml', import.meta.url));
/** Removes the second backend if there is none, because its full queue would also refuse spans for MLflow. */
const NO_BACKEND = `exporters:
  debug:
    sampling_initial: 1
    sampling_thereafter: 1000000
service:
  pipelines:
    traces/backend:
      exporters: [debug]
`;
const OTLP_PORT = 4318;
const HEALTH_PORT = 13133;
const QUEUE = 'queue';
const QUEUE_FOLDER = '/var/lib/otelcol';
/** The user of the image. */
const USER = '10001';
const MEMORY_MIB = 1024;

/** OpenTelemetry Collectors behind MLflow's load balancer. They send OTLP over HTTP to MLflow and another backend. */
export class Collector extends Construct {
  /** Value of the applications' `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;

  constructor(scope: Construct, id: string, props: CollectorProps) {
    super(scope, id);
    const { network, cluster, images, logGroup, settings, server } = props;
    const { otlpBackend, otlpBackendSecret, mlflowSecret } = settings;
    this.url = `${server.url}:${OTLP_PORT}`;

    const taskDefinition = new FargateTaskDefinition(this, 'Task', {
      cpu: 512,
      memoryLimitMiB: MEMORY_MIB,
      volumes: [{ name: QUEUE }],
    });
    const container = taskDefinition.addContainer('collector', {
      image: images('collector'),
      command: ['--config=env:COLLECTOR_CONFIG', ...(otlpBackend ? [] : ['--config=env:COLLECTOR_NO_BACKEND'])],
      // The memory limiter reads this limit. Without it, it may read the memory of the whole machine.
      memoryLimitMiB: MEMORY_MIB,
      user: USER,
      readonlyRootFilesystem: true,
      linuxParameters: withoutCapabilities(this),
      environment: {
        COLLECTOR_CONFIG: readFileSync(CONFIG, 'utf8'),
        MLFLOW_TRACKING_URI: server.url,
        MLFLOW_EXPERIMENT_ID: settings.experimentId,
        ...(otlpBackend ? { OTLP_BACKEND_ENDPOINT: otlpBackend } : { COLLECTOR_NO_BACKEND: NO_BACKEND }),
      },
      secrets: {
        ...(mlflowSecret && { MLFLOW_AUTHORIZATION: this.#secret('MlflowSecret', mlflowSecret) }),
        ...(otlpBackendSecret && { OTLP_BACKEND_AUTHORIZATION: this.#secret('BackendSecret', otlpBackendSecret) }),
      },
      portMappings: [{ containerPort: OTLP_PORT }, { containerPort: HEALTH_PORT }],
      logging: LogDrivers.awsLogs({ logGroup, streamPrefix: 'collector' }),
      // After a crash, the container restarts in the same task, which still has the queue.
      enableRestartPolicy: true,
      stopTimeout: Duration.seconds(60),
    });
    container.addMountPoints({ sourceVolume: QUEUE, containerPath: QUEUE_FOLDER, readOnly: false });
    // The volume belongs to root, and the Collector's image has no shell to change the owner.
    const owner = taskDefinition.addContainer('queue', {
      image: images('postgres'),
      essential: false,
      user: '0',
      readonlyRootFilesystem: true,
      entryPoint: ['chown'],
      command: [`${USER}:${USER}`, QUEUE_FOLDER],
      logging: LogDrivers.awsLogs({ logGroup, streamPrefix: 'queue' }),
    });
    owner.addMountPoints({ sourceVolume: QUEUE, containerPath: QUEUE_FOLDER, readOnly: false });
    container.addContainerDependencies({ container: owner, condition: ContainerDependencyCondition.SUCCESS });

    const group = new SecurityGroup(this, 'Group', { vpc: network.vpc, description: 'Collectors' });
    const service = new FargateService(this, 'Service', {
      cluster,
      taskDefinition,
      desiredCount: 2,
      vpcSubnets: { subnetGroupName: 'private' },
      circuitBreaker: { enable: true, rollback: true },
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      healthCheckGracePeriod: Duration.minutes(1),
      // network.clients may call the load balancer. CDK lets the load balancer call the first group.
      securityGroups: [group, network.clients],
    });
    server.addListener('CollectorListener', OTLP_PORT, { network, settings }).addTargets('Collectors', {
      targets: [service],
      port: OTLP_PORT,
      protocol: ApplicationProtocol.HTTP,
      healthCheck: { path: '/', port: String(HEALTH_PORT), protocol: Protocol.HTTP, interval: Duration.seconds(15) },
      deregistrationDelay: Duration.seconds(30),
    });
    // CDK opens only the port for traffic.
    service.connections.allowFrom(server.loadBalancer, Port.tcp(HEALTH_PORT), 'Health check');
    accept(taskDefinition, { 'AwsSolutions-ECS2': 'The environment contains no secret.' });
    acceptPull(taskDefinition);
  }

  #secret(id: string, name: string): EcsSecret {
    return EcsSecret.fromSecretsManager(Secret.fromSecretNameV2(this, id, name));
  }
}

function withoutCapabilities(scope: Construct): LinuxParameters {
  const parameters = new LinuxParameters(scope, 'LinuxParameters');
  parameters.dropCapabilities(Capability.ALL);
  return parameters;
}
