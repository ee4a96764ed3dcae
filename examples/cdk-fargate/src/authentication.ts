import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Secret as EcsSecret } from 'aws-cdk-lib/aws-ecs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { accept } from './accept.js';

/** The function that docker-compose.yml uses, too. docs/collector.md explains it. */
const OUTAGE_AUTH = fileURLToPath(new URL('../../../deploy/compose/outage_auth.py', import.meta.url));
const FOLDER = '/tmp';
const CONFIGURATION = `[mlflow]
database_uri = postgresql+psycopg2://
default_permission = READ
auth_cache_ttl_seconds = 60
authorization_function = outage_auth:authenticate
`;

export const ADMINISTRATOR = 'admin';

/** Users and passwords of MLflow, in MLflow's database. The first user's password is in AWS Secrets Manager. */
export class Authentication extends Construct {
  /** The user name and the password of the administrator. */
  readonly administrator: Secret;
  /** What the container of MLflow needs. A task has no files of its own, so the entry point writes them. */
  readonly container: {
    readonly entryPoint: string[];
    readonly environment: Record<string, string>;
    readonly secrets: Record<string, EcsSecret>;
  };
  /** What follows `mlflow server`. */
  readonly options: string[] = ['--app-name', 'basic-auth'];

  constructor(scope: Construct, id: string, { removeData }: { removeData: boolean }) {
    super(scope, id);
    const removalPolicy = removeData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    this.administrator = new Secret(this, 'Administrator', {
      description: 'First user of MLflow',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: ADMINISTRATOR }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
      removalPolicy,
    });
    const key = new Secret(this, 'Key', {
      description: 'Key with which MLflow signs its web forms',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy,
    });
    accept(this, {
      'AwsSolutions-SMG4':
        'MLflow reads the password only when it creates the user, and the key must be the same for all tasks.',
    });
    const write = `printf %s "$AUTH_CONFIGURATION" >${FOLDER}/basic_auth.ini; printf %s "$OUTAGE_AUTH" >${FOLDER}/outage_auth.py`;
    this.container = {
      entryPoint: ['sh', '-ec', `${write}; exec "$@"`, 'sh'],
      environment: {
        AUTH_CONFIGURATION: CONFIGURATION,
        OUTAGE_AUTH: readFileSync(OUTAGE_AUTH, 'utf8'),
        PYTHONPATH: FOLDER,
        MLFLOW_AUTH_CONFIG_PATH: `${FOLDER}/basic_auth.ini`,
        MLFLOW_AUTH_ADMIN_USERNAME: ADMINISTRATOR,
      },
      secrets: {
        MLFLOW_AUTH_ADMIN_PASSWORD: EcsSecret.fromSecretsManager(this.administrator, 'password'),
        MLFLOW_FLASK_SERVER_SECRET_KEY: EcsSecret.fromSecretsManager(key),
      },
    };
  }
}
