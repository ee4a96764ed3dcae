import type { Connections } from 'aws-cdk-lib/aws-ec2';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IDependable } from 'constructs';

/** A PostgreSQL database, as its client needs it. */
export interface Database {
  host: string;
  port: number;
  user: string;
  name: string;
  /** Its field `password`. */
  secret: ISecret;
  /** libpq's `sslmode`. */
  sslMode: 'require' | 'disable';
  connections: Connections;
  /** What has to run before its clients start. */
  ready: IDependable;
}

export const POSTGRES_PORT = 5432;
export const DATABASE_USER = 'mlflow';
export const DATABASE_NAME = 'mlflow';
