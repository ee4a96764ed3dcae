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
import { Authentication } from './authentication.js';
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
/** Time in seconds after which the load balancer closes an idle connection. */
const IDLE_SECONDS = 60;
const ACCESS_LOG_PREFIX = 'alb';
const HEALTH_CHECK = `import urllib.request; urllib.request.urlopen('http://127.0.0.1:${MLFLOW_PORT}/health', timeout=4)`;
/** No user of the image, so it owns no file there. */
const USER = '10001';
/** Each worker is a process that needs about 0.5 GB. */
const SIZES = {
  trial: { cpu: 1024, memoryLimitMiB: 2048, workers: 1, poolSize: { withUsers: '1', without: '2' } },
  production: { cpu: 2048, memoryLimitMiB: 4096, workers: 2, poolSize: { withUsers: '2', without: '2' } },
} as const;

/** MLflow on Fargate with 1 to 5 tasks behind a load balancer. */
export class Server extends Construct {
  readonly loadBalancer: ApplicationLoadBalancer;
  /** Address for browsers and value of `MLFLOW_TRACKING_URI`. */
  readonly url: string;
  readonly service: FargateService;
  readonly securityGroup: SecurityGroup;
  /** Undefined if MLflow asks for no password. */
  readonly authentication: Authentication | undefined;

  constructor(scope: Construct, id: string, props: ServerProps) {
    super(scope, id);
    const { network, database, artifacts, settings } = props;
    this.authentication = settings.authentication ? new Authentication(this, 'Authentication', settings) : undefined;
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
      // Set only for maintenance. Otherwise each deployment would reset the number that the scaling chose.
      ...(settings.maintenance ? { desiredCount: 0 } : {}),
      circuitBreaker: { enable: true, rollback: true },
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      // The first start creates the tables.
      healthCheckGracePeriod: Duration.minutes(3),
      securityGroups: [this.securityGroup],
      enableExecuteCommand: settings.portForwarding,
    });
    // Without a database the first tasks would fail, and the circuit breaker would end the deployment.
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
    const securityGroup = new SecurityGroup(this, 'LoadBalancerGroup', {
      vpc: network.vpc,
      description: 'Load balancer of MLflow',
      allowAllOutbound: false,
    });
    if (settings.allowPublicRanges)
      accept(securityGroup, { 'AwsSolutions-EC23': 'The settings ask for it, and MLflow asks for a password.' });
    const loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      // Lower case, because clients send it so and MLflow compares the Host header with case. A name that CloudFormation
      // generates has capitals. A change of the scheme needs another name, because CloudFormation creates the new load
      // balancer while the old one exists.
      loadBalancerName: `${Stack.of(this).stackName.toLowerCase()}${settings.internetFacing ? '-public' : ''}`,
      idleTimeout: Duration.seconds(IDLE_SECONDS),
      vpc: network.vpc,
      internetFacing: settings.internetFacing,
      vpcSubnets: { subnetGroupName: settings.internetFacing ? 'public' : 'private' },
      securityGroup,
      dropInvalidHeaderFields: true,
      deletionProtection: settings.stage === 'production' && !settings.removeData,
    });
    // CDK's logAccessLogs() needs to know the region before the deployment.
    loadBalancer.setAttribute('access_logs.s3.enabled', 'true');
    loadBalancer.setAttribute('access_logs.s3.bucket', artifacts.logs.bucketName);
    loadBalancer.setAttribute('access_logs.s3.prefix', ACCESS_LOG_PREFIX);
    loadBalancer.node.addDependency(artifacts.allowAccessLogs(ACCESS_LOG_PREFIX));
    return loadBalancer;
  }

  #createTask({ database, artifacts, images, logGroup, settings }: ServerProps, host: string): FargateTaskDefinition {
    const { cpu, memoryLimitMiB, workers, poolSize } = SIZES[settings.stage];
    const { authentication } = this;
    const taskDefinition = new FargateTaskDefinition(this, 'Task', { cpu, memoryLimitMiB });
    taskDefinition.addContainer('mlflow', {
      image: images('mlflow'),
      user: USER,
      ...(authentication && { entryPoint: authentication.container.entryPoint }),
      // As in docker-compose.yml. The server reads and writes artifacts, so clients need no permission on the bucket.
      command: [
        ...['mlflow', 'server', '--host', '0.0.0.0', '--port', String(MLFLOW_PORT)],
        ...['--workers', String(workers), '--artifacts-destination', artifacts.uri],
        // Above the load balancer's. Otherwise it may use a connection that MLflow is closing, and answer 502.
        ...['--uvicorn-opts', `--timeout-keep-alive ${IDLE_SECONDS + 15}`],
        ...(authentication?.options ?? []),
      ],
      environment: {
        // For files of MLflow's own, which are not data.
        HOME: '/tmp',
        // The driver reads user, password and host from PG... variables. In a URI the password would need escapes and
        // could get into logs. The image has psycopg2.
        MLFLOW_BACKEND_STORE_URI: 'postgresql+psycopg2://',
        PGHOST: database.host,
        PGPORT: String(database.port),
        PGUSER: database.user,
        PGDATABASE: database.name,
        PGSSLMODE: database.sslMode,
        // Limit per worker and per store (MLflow has three, or four with users). The default is 5 plus 10 overflow. With it, a
        // deployment of five tasks, while the old ones still run, would open more connections than PostgreSQL accepts.
        MLFLOW_SQLALCHEMYSTORE_POOL_SIZE: authentication ? poolSize.withUsers : poolSize.without,
        MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW: '1',
        // Without internet, each worker would wait half a minute for github.com's new prices while it receives spans.
        ...(settings.network === 'isolated' ? { MLFLOW_MODEL_CATALOG_URI: '' } : {}),
        AWS_DEFAULT_REGION: Stack.of(this).region,
        // MLflow answers 403 to other Host headers. localhost is for port forwarding.
        MLFLOW_SERVER_ALLOWED_HOSTS: `${host},localhost,localhost:*,127.0.0.1,127.0.0.1:*`,
        // Origins that MLflow's own pages have.
        MLFLOW_SERVER_CORS_ALLOWED_ORIGINS: `${this.url},http://localhost:*,http://127.0.0.1:*`,
        ...authentication?.container.environment,
      },
      secrets: {
        PGPASSWORD: EcsSecret.fromSecretsManager(database.secret, 'password'),
        ...authentication?.container.secrets,
      },
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
    accept(taskDefinition, {
      'AwsSolutions-ECS2': 'The environment contains no secret. The password is a secret of the container.',
    });
    accept(taskDefinition.taskRole, {
      [`AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/artifacts/*]`]:
        'The objects are artifacts, and MLflow chooses their names.',
      ...(settings.portForwarding
        ? { 'AwsSolutions-IAM5[Resource::*]': 'IAM cannot limit the four actions of Session Manager to a resource.' }
        : {}),
    });
    acceptPull(taskDefinition);
  }

  /** Adds a port to the load balancer that only the allowed networks may call. */
  addListener(
    id: string,
    port: number,
    { network, settings }: { network: Network; settings: Settings },
  ): ApplicationListener {
    const listener = this.loadBalancer.addListener(id, {
      port,
      // By default CDK opens the port to the whole internet.
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
