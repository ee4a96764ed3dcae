import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type Connections, InstanceClass, InstanceSize, InstanceType, type IVpc } from 'aws-cdk-lib/aws-ec2';
import {
  Credentials,
  DatabaseInstance,
  DatabaseInstanceEngine,
  DatabaseSecret,
  ParameterGroup,
  PostgresEngineVersion,
  StorageType,
} from 'aws-cdk-lib/aws-rds';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct, type IDependable } from 'constructs';
import { accept } from './accept.js';
import { DATABASE_NAME, DATABASE_USER, type Database, POSTGRES_PORT } from './database.js';

/** Amazon RDS with encryption, backups, and a standby in the other zone. */
export class ProductionDatabase extends Construct implements Database {
  readonly host: string;
  readonly port: number = POSTGRES_PORT;
  readonly user: string = DATABASE_USER;
  readonly name: string = DATABASE_NAME;
  readonly secret: ISecret;
  readonly sslMode = 'require';
  readonly connections: Connections;
  readonly ready: IDependable;

  constructor(scope: Construct, id: string, { vpc, removeData }: { vpc: IVpc; removeData: boolean }) {
    super(scope, id);
    const secret = new DatabaseSecret(this, 'Secret', { username: DATABASE_USER });
    // A restored snapshot still needs this password.
    secret.applyRemovalPolicy(removeData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN);
    const engine = DatabaseInstanceEngine.postgres({ version: PostgresEngineVersion.VER_17 });
    const instance = new DatabaseInstance(this, 'Instance', {
      engine,
      vpc,
      vpcSubnets: { subnetGroupName: 'private' },
      instanceType: InstanceType.of(InstanceClass.T4G, InstanceSize.MEDIUM),
      multiAz: true,
      storageType: StorageType.GP3,
      allocatedStorage: 50,
      maxAllocatedStorage: 500,
      storageEncrypted: true,
      databaseName: DATABASE_NAME,
      credentials: Credentials.fromSecret(secret),
      // The database refuses clients without TLS.
      parameterGroup: new ParameterGroup(this, 'Parameters', { engine, parameters: { 'rds.force_ssl': '1' } }),
      backupRetention: Duration.days(14),
      copyTagsToSnapshot: true,
      autoMinorVersionUpgrade: true,
      deletionProtection: !removeData,
      // A retained database would block the deletion of its subnets and the stack, so a snapshot keeps the data instead.
      removalPolicy: removeData ? RemovalPolicy.DESTROY : RemovalPolicy.SNAPSHOT,
    });
    this.host = instance.dbInstanceEndpointAddress;
    this.secret = instance.secret!;
    this.connections = instance.connections;
    this.ready = instance.node.defaultChild!;
    accept(this, {
      'AwsSolutions-RDS11': 'The port need not be secret, because only the tasks of MLflow can reach it.',
      'AwsSolutions-SMG4': 'Tasks read the password when they start. The README explains how to change it.',
    });
  }
}
