import { Duration, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  Secret as EcsSecret,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  LogDrivers,
} from 'aws-cdk-lib/aws-ecs';
import {
  type ApplicationListener,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  Protocol,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { accept } from './accept.js';
import type { ArtifactStore } from './artifact-store.js';
import type { Database } from './database.js';
import { acceptPull, type Images } from './images.js';
import { type Network, VPC_CIDR } from './network.js';
import type { Settings } from './settings.js';

export interface ServerProps {
  network: Network;
  cluster: ICluster;
  database: Database;
  artifacts: ArtifactStore;
  images: Images;
  logGroup: ILogGroup;
  settings: Settings;
}

const MLFLOW_PORT = 5000;
/** How long the load balancer keeps a connection that nobody uses. */
const IDLE_SECONDS = 60;
const ACCESS_LOG_PREFIX = 'alb';
const HEALTH_CHECK = `import urllib.request; urllib.request.urlopen('http://127.0.0.1:${MLFLOW_PORT}/health', timeout=4)`;
/** Each worker is a process of about 0.5 GB. */
const SIZES = {
  trial: { cpu: 1024, memoryLimitMiB: 2048, workers: 1 },
  production: { cpu: 2048, memoryLimitMiB: 4096, workers: 2 },
} as const;

/** MLflow on Fargate, 1 to 5 tasks behind a load balancer. */
export class Server extends Construct {
  readonly loadBalancer: ApplicationLoadBalancer;
  /** Address for browsers and for `MLFLOW_TRACKING_URI`. */
  readonly url: string;
  readonly service: FargateService;
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, props: ServerProps) {
    super(scope, id);
    const { network, database, artifacts, settings } = props;
    this.loadBalancer = this.#createLoadBalancer(props);
    const host = settings.https?.domainName ?? this.loadBalancer.loadBalancerDnsName;
    this.url = `${settings.https ? 'https' : 'http'}://${host}`;

    const taskDefinition = this.#createTask(props, host);
    artifacts.grantUse(taskDefinition.taskRole);
    this.securityGroup = new SecurityGroup(this, 'Group', { vpc: network.vpc, description: 'Tasks of MLflow' });
    this.service = new FargateService(this, 'Service', {
      cluster: props.cluster,
      taskDefinition,
      vpcSubnets: { subnetGroupName: 'private' },
      // Else none, so that a deployment leaves the scaling alone.
      ...(settings.maintenance ? { desiredCount: 0 } : {}),
      circuitBreaker: { enable: true, rollback: true },
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      // The first start makes the tables.
      healthCheckGracePeriod: Duration.minutes(3),
      securityGroups: [this.securityGroup],
      enableExecuteCommand: settings.portForwarding,
    });
    // Else the first tasks fail on a missing database, and the circuit breaker ends the deployment.
    this.service.node.addDependency(database.ready);
    database.connections.allowFrom(this.service, Port.tcp(database.port), 'MLflow');
    this.service
      .autoScaleTaskCount(
        settings.maintenance ? { minCapacity: 0, maxCapacity: 0 } : { minCapacity: 1, maxCapacity: 5 },
      )
      .scaleOnCpuUtilization('Cpu', {
        targetUtilizationPercent: 70,
        scaleInCooldown: Duration.seconds(60),
        scaleOutCooldown: Duration.seconds(60),
      });

    const listener = this.addListener('Listener', settings.https ? 443 : 80, { network, settings });
    listener.addTargets('Tasks', {
      targets: [this.service],
      port: MLFLOW_PORT,
      protocol: ApplicationProtocol.HTTP,
      healthCheck: {
        path: '/health',
        protocol: Protocol.HTTP,
        interval: Duration.seconds(15),
        healthyThresholdCount: 2,
      },
      deregistrationDelay: Duration.seconds(30),
    });
    this.#acceptFindings(taskDefinition, artifacts, settings);
  }

  #createLoadBalancer({ network, artifacts, settings }: ServerProps): ApplicationLoadBalancer {
    const loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      // In small letters, as every client sends it: MLflow compares the Host header letter by letter, and a name that
      // CloudFormation makes up has capitals.
      // A scheme of its own has a name of its own: CloudFormation makes the new one while the old one is there.
      loadBalancerName: `${Stack.of(this).stackName.toLowerCase()}${settings.internetFacing ? '-public' : ''}`,
      idleTimeout: Duration.seconds(IDLE_SECONDS),
      vpc: network.vpc,
      internetFacing: settings.internetFacing,
      vpcSubnets: { subnetGroupName: settings.internetFacing ? 'public' : 'private' },
      securityGroup: new SecurityGroup(this, 'LoadBalancerGroup', {
        vpc: network.vpc,
        description: 'Load balancer of MLflow',
        allowAllOutbound: false,
      }),
      dropInvalidHeaderFields: true,
      deletionProtection: settings.stage === 'production' && !settings.removeData,
    });
    // CDK's own logAccessLogs() would want to know the region before the deployment.
    loadBalancer.setAttribute('access_logs.s3.enabled', 'true');
    loadBalancer.setAttribute('access_logs.s3.bucket', artifacts.logs.bucketName);
    loadBalancer.setAttribute('access_logs.s3.prefix', ACCESS_LOG_PREFIX);
    loadBalancer.node.addDependency(artifacts.allowAccessLogs(ACCESS_LOG_PREFIX));
    return loadBalancer;
  }

  #createTask({ database, artifacts, images, logGroup, settings }: ServerProps, host: string): FargateTaskDefinition {
    const { cpu, memoryLimitMiB, workers } = SIZES[settings.stage];
    const taskDefinition = new FargateTaskDefinition(this, 'Task', { cpu, memoryLimitMiB });
    taskDefinition.addContainer('mlflow', {
      image: images('mlflow'),
      // As in docker-compose.yml. Artifacts pass through the server, so clients need no rights on the bucket.
      command: [
        ...['mlflow', 'server', '--host', '0.0.0.0', '--port', String(MLFLOW_PORT)],
        ...['--workers', String(workers), '--artifacts-destination', artifacts.uri],
        // Longer than the load balancer's, which else sends a request into a connection that is just being closed: 502.
        ...['--uvicorn-opts', `--timeout-keep-alive ${IDLE_SECONDS + 15}`],
      ],
      environment: {
        // Without a user, a password or a host: the driver's library reads those from PG... variables, so that the
        // password is in no URI, which would need escapes and gets into logs. The image has psycopg2.
        MLFLOW_BACKEND_STORE_URI: 'postgresql+psycopg2://',
        PGHOST: database.host,
        PGPORT: String(database.port),
        PGUSER: database.user,
        PGDATABASE: database.name,
        PGSSLMODE: database.sslMode,
        // Of each worker, for each of MLflow's three stores. By default 5 and 10 more: a deployment at five tasks, while
        // the old ones still run, would open more than PostgreSQL takes.
        MLFLOW_SQLALCHEMYSTORE_POOL_SIZE: '2',
        MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW: '1',
        // Else each worker asks github.com for new prices while it takes spans, and waits half a minute for no answer.
        ...(settings.network === 'isolated' ? { MLFLOW_MODEL_CATALOG_URI: '' } : {}),
        AWS_DEFAULT_REGION: Stack.of(this).region,
        // 403 for other Host headers. localhost is for port forwarding.
        MLFLOW_SERVER_ALLOWED_HOSTS: `${host},localhost,localhost:*,127.0.0.1,127.0.0.1:*`,
        // Origins of MLflow's own pages.
        MLFLOW_SERVER_CORS_ALLOWED_ORIGINS: `${this.url},http://localhost:*,http://127.0.0.1:*`,
      },
      secrets: { PGPASSWORD: EcsSecret.fromSecretsManager(database.secret, 'password') },
      portMappings: [{ containerPort: MLFLOW_PORT }],
      logging: LogDrivers.awsLogs({ logGroup, streamPrefix: 'mlflow' }),
      healthCheck: {
        command: ['CMD', 'python', '-c', HEALTH_CHECK],
        interval: Duration.seconds(15),
        timeout: Duration.seconds(5),
        retries: 4,
        startPeriod: Duration.seconds(180),
      },
    });
    return taskDefinition;
  }

  #acceptFindings(taskDefinition: FargateTaskDefinition, artifacts: ArtifactStore, settings: Settings): void {
    const stack = Stack.of(this);
    const bucketId = stack.getLogicalId(artifacts.bucket.node.defaultChild as CfnBucket);
    accept(taskDefinition, { 'AwsSolutions-ECS2': 'What is in the environment is no secret; the password is one.' });
    accept(taskDefinition.taskRole, {
      [`AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/artifacts/*]`]:
        'The objects are the artifacts: MLflow names them.',
      ...(settings.portForwarding
        ? { 'AwsSolutions-IAM5[Resource::*]': 'The four actions of Session Manager know no resources.' }
        : {}),
    });
    acceptPull(taskDefinition);
  }

  /** A port of the load balancer, for the networks that may call it and nobody else. */
  addListener(
    id: string,
    port: number,
    { network, settings }: { network: Network; settings: Settings },
  ): ApplicationListener {
    const listener = this.loadBalancer.addListener(id, {
      port,
      // Else CDK lets the whole internet in.
      open: false,
      ...(settings.https
        ? {
            protocol: ApplicationProtocol.HTTPS,
            certificates: [Certificate.fromCertificateArn(this, `${id}Certificate`, settings.https.certificateArn)],
            sslPolicy: SslPolicy.RECOMMENDED_TLS,
          }
        : { protocol: ApplicationProtocol.HTTP }),
    });
    const cidrs = settings.allowedCidrs.length > 0 ? settings.allowedCidrs : [VPC_CIDR];
    for (const cidr of cidrs) listener.connections.allowDefaultPortFrom(Peer.ipv4(cidr), 'Allowed network');
    listener.connections.allowDefaultPortFrom(network.clients, 'Applications of this VPC');
    return listener;
  }
}
