import type { Connections } from 'aws-cdk-lib/aws-ec2';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IDependable } from 'constructs';

/** A PostgreSQL database from the client's point of view. */
export interface Database {
  host: string;
  port: number;
  user: string;
  name: string;
  /** Secret whose field `password` has the password. */
  secret: ISecret;
  /** Value of libpq's `sslmode`. */
  sslMode: 'require' | 'disable';
  connections: Connections;
  /** Clients depend on this construct. */
  ready: IDependable;
}

export const POSTGRES_PORT = 5432;
export const DATABASE_USER = 'mlflow';
export const DATABASE_NAME = 'mlflow';
