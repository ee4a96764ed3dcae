import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Duration } from 'aws-cdk-lib';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  Secret as EcsSecret,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
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

/** The one that docker-compose.yml mounts; docs/collector.md explains it. */
const CONFIG = fileURLToPath(new URL('../../../deploy/collector/config.yaml', import.meta.url));
/** Without a second backend, its pipeline must not queue for one: a full queue refuses what MLflow would take. */
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
const MEMORY_MIB = 1024;

/** OpenTelemetry Collectors behind the load balancer of MLflow: OTLP over HTTP in, MLflow and another backend out. */
export class Collector extends Construct {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;

  constructor(scope: Construct, id: string, props: CollectorProps) {
    super(scope, id);
    const { network, cluster, images, logGroup, settings, server } = props;
    const { otlpBackend, otlpBackendSecret } = settings;
    this.url = `${server.url}:${OTLP_PORT}`;

    const taskDefinition = new FargateTaskDefinition(this, 'Task', {
      cpu: 512,
      memoryLimitMiB: MEMORY_MIB,
      volumes: [{ name: QUEUE }],
    });
    const container = taskDefinition.addContainer('collector', {
      image: images('collector'),
      command: ['--config=env:COLLECTOR_CONFIG', ...(otlpBackend ? [] : ['--config=env:COLLECTOR_NO_BACKEND'])],
      // The memory limiter goes by the limit of the container; without one it may see the whole machine's memory.
      memoryLimitMiB: MEMORY_MIB,
      // The volume is root's, and the image has no shell that could give it away.
      user: '0',
      environment: {
        COLLECTOR_CONFIG: readFileSync(CONFIG, 'utf8'),
        MLFLOW_TRACKING_URI: server.url,
        MLFLOW_EXPERIMENT_ID: settings.experimentId,
        ...(otlpBackend ? { OTLP_BACKEND_ENDPOINT: otlpBackend } : { COLLECTOR_NO_BACKEND: NO_BACKEND }),
      },
      ...(otlpBackendSecret && {
        secrets: {
          OTLP_BACKEND_AUTHORIZATION: EcsSecret.fromSecretsManager(
            Secret.fromSecretNameV2(this, 'BackendSecret', otlpBackendSecret),
          ),
        },
      }),
      portMappings: [{ containerPort: OTLP_PORT }, { containerPort: HEALTH_PORT }],
      logging: LogDrivers.awsLogs({ logGroup, streamPrefix: 'collector' }),
      // A crash starts the container again in the same task, which still has the queue.
      enableRestartPolicy: true,
      stopTimeout: Duration.seconds(60),
    });
    container.addMountPoints({ sourceVolume: QUEUE, containerPath: '/var/lib/otelcol', readOnly: false });

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
      // With the right to call the load balancer; the load balancer's own way in is added to the first of them.
      securityGroups: [group, network.clients],
    });
    server.addListener('CollectorListener', OTLP_PORT, { network, settings }).addTargets('Collectors', {
      targets: [service],
      port: OTLP_PORT,
      protocol: ApplicationProtocol.HTTP,
      healthCheck: { path: '/', port: String(HEALTH_PORT), protocol: Protocol.HTTP, interval: Duration.seconds(15) },
      deregistrationDelay: Duration.seconds(30),
    });
    // CDK opens the port of the traffic only.
    service.connections.allowFrom(server.loadBalancer, Port.tcp(HEALTH_PORT), 'Health check');
    accept(taskDefinition, { 'AwsSolutions-ECS2': 'What is in the environment is no secret.' });
    acceptPull(taskDefinition);
  }
}
