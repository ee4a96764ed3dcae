import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type Connections, type IVpc, Port } from 'aws-cdk-lib/aws-ec2';
import {
  Secret as EcsSecret,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  LogDrivers,
} from 'aws-cdk-lib/aws-ecs';
import { type CfnFileSystem, FileSystem, ThroughputMode } from 'aws-cdk-lib/aws-efs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { DnsRecordType, type INamespace } from 'aws-cdk-lib/aws-servicediscovery';
import { Construct, type IDependable } from 'constructs';
import { accept } from './accept.js';
import { DATABASE_NAME, DATABASE_USER, type Database, POSTGRES_PORT } from './database.js';
import { acceptPull, type Images } from './images.js';

export interface TrialDatabaseProps {
  vpc: IVpc;
  cluster: ICluster;
  namespace: INamespace;
  images: Images;
  logGroup: ILogGroup;
  removalPolicy: RemovalPolicy;
}

const VOLUME = 'data';
const FOLDER = '/var/lib/postgresql/data';
/** Id of the user "postgres" in the image's /etc/passwd. */
const UID = '70';

/** PostgreSQL in one Fargate task, with its data on EFS and a name in AWS Cloud Map. */
export class TrialDatabase extends Construct implements Database {
  readonly host: string;
  readonly port: number = POSTGRES_PORT;
  readonly user: string = DATABASE_USER;
  readonly name: string = DATABASE_NAME;
  readonly secret: ISecret;
  readonly sslMode = 'disable';
  readonly connections: Connections;
  readonly ready: IDependable;

  constructor(scope: Construct, id: string, props: TrialDatabaseProps) {
    super(scope, id);
    const { vpc, cluster, namespace, images, logGroup, removalPolicy } = props;
    this.secret = new Secret(this, 'Secret', {
      description: 'Password of the database of MLflow',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: DATABASE_USER }),
        generateStringKey: 'password',
        passwordLength: 32,
      },
      removalPolicy,
    });
    const fileSystem = new FileSystem(this, 'Files', {
      vpc,
      vpcSubnets: { subnetGroupName: 'private' },
      encrypted: true,
      // "Bursting" throughput grows with the size, so a new database would get almost none.
      throughputMode: ThroughputMode.ELASTIC,
      removalPolicy,
    });
    // Backups survive the file system. Both values are written, so that an update can also end the backups.
    (fileSystem.node.defaultChild as CfnFileSystem).backupPolicy = {
      status: removalPolicy === RemovalPolicy.DESTROY ? 'DISABLED' : 'ENABLED',
    };
    const accessPoint = fileSystem.addAccessPoint('Data', {
      path: '/postgresql',
      posixUser: { uid: UID, gid: UID },
      createAcl: { ownerUid: UID, ownerGid: UID, permissions: '700' },
    });

    const taskDefinition = new FargateTaskDefinition(this, 'Task', { cpu: 512, memoryLimitMiB: 1024 });
    taskDefinition.addVolume({
      name: VOLUME,
      efsVolumeConfiguration: {
        fileSystemId: fileSystem.fileSystemId,
        transitEncryption: 'ENABLED',
        authorizationConfig: { accessPointId: accessPoint.accessPointId, iam: 'ENABLED' },
      },
    });
    fileSystem.grantReadWrite(taskDefinition.taskRole);
    const container = taskDefinition.addContainer('postgres', {
      image: images('postgres'),
      // As root, the image would first change the folder's owner, which the access point forbids.
      user: UID,
      environment: {
        POSTGRES_USER: DATABASE_USER,
        POSTGRES_DB: DATABASE_NAME,
        PGDATA: `${FOLDER}/pgdata`,
      },
      secrets: { POSTGRES_PASSWORD: EcsSecret.fromSecretsManager(this.secret, 'password') },
      portMappings: [{ containerPort: POSTGRES_PORT }],
      logging: LogDrivers.awsLogs({ logGroup, streamPrefix: 'postgres' }),
      healthCheck: {
        command: ['CMD-SHELL', 'pg_isready --host=127.0.0.1 --username=$POSTGRES_USER --dbname=$POSTGRES_DB'],
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        retries: 5,
        startPeriod: Duration.seconds(120),
      },
      // Gives PostgreSQL time to write its data. After a shorter stop it recovers them from its log at the next start.
      stopTimeout: Duration.seconds(60),
    });
    container.addMountPoints({ sourceVolume: VOLUME, containerPath: FOLDER, readOnly: false });

    const service = new FargateService(this, 'Service', {
      cluster,
      taskDefinition,
      desiredCount: 1,
      vpcSubnets: { subnetGroupName: 'private' },
      circuitBreaker: { enable: true, rollback: true },
      // The old task ends before the new one starts, because two servers must never share a data folder.
      minHealthyPercent: 0,
      maxHealthyPercent: 100,
      cloudMapOptions: {
        cloudMapNamespace: namespace,
        name: 'postgres',
        dnsRecordType: DnsRecordType.A,
        // Short, because a new task has a new address.
        dnsTtl: Duration.seconds(10),
      },
    });
    service.node.addDependency(fileSystem.mountTargetsAvailable);
    fileSystem.connections.allowFrom(service, Port.tcp(FileSystem.DEFAULT_PORT), 'Data of PostgreSQL');
    this.connections = service.connections;
    // Only the service: the whole construct includes a security group rule that depends on MLflow's group.
    this.ready = service.node.findChild('Service');
    this.host = `postgres.${namespace.namespaceName}`;
    accept(this.secret, {
      'AwsSolutions-SMG4': 'In a trial, PostgreSQL reads the password only once, when it creates the database.',
    });
    accept(taskDefinition, {
      'AwsSolutions-ECS2': 'The environment contains no secret. The password is a secret of the container.',
    });
    acceptPull(taskDefinition);
  }
}
