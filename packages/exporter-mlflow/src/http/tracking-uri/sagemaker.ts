import { MlflowError } from '../../common/error.js';
import { ownText, say } from '../../common/shown-text.js';
import type { AwsAccess } from '../aws/access.js';
import type { AssumedRole } from '../aws/look-up.js';
import { explainSageMaker } from '../aws/refusals.js';
import type { TrackingArn } from '../aws/tracking-arn.js';
import { secretsOfAddress } from '../redact/secrets.js';
import { readEnvironment } from '../settings/environment.js';
import type { Destination } from './destination.js';

/** What differs between the two kinds of MLflow in SageMaker. */
interface Kind {
  /** The name of the service in signatures. */
  readonly service: string;
  /** The header that names the resource. */
  readonly header: string;
  /** What its id may be. */
  readonly id: RegExp;
  host(region: string): string;
}

// Names, headers and hosts as in version 0.5.0 of the Python package sagemaker-mlflow.
const KINDS: Readonly<Record<TrackingArn['type'], Kind>> = {
  'mlflow-tracking-server': {
    service: 'sagemaker-mlflow',
    header: 'x-mlflow-sm-tracking-server-arn',
    id: /^[A-Za-z0-9][A-Za-z0-9-]{0,255}$/,
    host: (region) => `${region}.experiments.sagemaker.aws`,
  },
  'mlflow-app': {
    service: 'sagemaker',
    header: 'x-sm-mlflow-app-arn',
    id: /^[\w-]{1,256}$/,
    host: (region) => `mlflow.sagemaker.${region}.app.aws`,
  },
};

// Both have the same host names. AWS documents no host names for other partitions.
const PARTITIONS: ReadonlySet<string> = new Set(['aws', 'aws-us-gov']);
const REGION = /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/;
const EXAMPLE =
  'arn:aws:sagemaker:<region>:<account>:mlflow-tracking-server/<name>, or arn:aws:sagemaker:<region>:<account>:mlflow-app/<id>';
const ROLE = /^arn:[a-z-]+:iam::\d{12}:role\/\S+$/;
const ENDPOINT_VARIABLE = 'SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT';
const ROLE_VARIABLE = 'SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN';
const ROLE_AGE_VARIABLE = 'SAGEMAKER_MLFLOW_ASSUME_ROLE_TTL_SECONDS';
const DEFAULT_ROLE_AGE_SECONDS = 3300;
const SHORTEST_ROLE_AGE_SECONDS = 300;
const LONGEST_ROLE_AGE_SECONDS = 3600;

/** Returns whether a tracking URI is meant to be an ARN. */
export function isArn(uri: string): boolean {
  return /^\s*arn:/i.test(uri);
}

/**
 * A tracking server or an app of SageMaker, by its ARN. Requests are signed with credentials of AWS, so user name,
 * password and token have no effect.
 *
 * @throws MlflowError if the ARN or a variable of the environment cannot work
 */
export function resolveSageMaker(uri: string, env: NodeJS.ProcessEnv, aws: AwsAccess): Destination {
  const arn = parseArn(uri.trim());
  const { service, header, host } = KINDS[arn.type];
  const endpoint = readEnvironment(env, ENDPOINT_VARIABLE);
  if (endpoint === undefined && !PARTITIONS.has(arn.partition)) {
    throw new MlflowError(
      `MLflow tracking URI "${ownText(arn.text)}" is in the partition "${arn.partition}", for which AWS documents no address: set ${ENDPOINT_VARIABLE} to its https:// address, or use a server in the partition aws or aws-us-gov.`,
    );
  }
  const address = endpoint === undefined ? new URL(`https://${host(arn.region)}`) : parseEndpoint(endpoint);
  const scope = { service, region: arn.region };
  const role = readRole(arn, env);
  return {
    service: 'sagemaker',
    address,
    headers: { [header]: arn.text },
    secrets: secretsOfAddress(address),
    authorizers: [],
    signer: role === undefined ? aws.authorizer(scope) : aws.authorizerOfRole(scope, role),
    explain: explainSageMaker(arn, () => role === undefined && aws.isFixed()),
    unknownHost:
      endpoint === undefined
        ? say`correct the region "${ownText(arn.region)}" in trackingUri or MLFLOW_TRACKING_URI if SageMaker has no MLflow there`
        : say`correct SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT`,
  };
}

function parseArn(text: string): TrackingArn {
  const refuse = (what: string): never => {
    throw new MlflowError(
      `MLflow tracking URI "${ownText(text)}" is not the ARN of MLflow in SageMaker, ${what}: set trackingUri or MLFLOW_TRACKING_URI to ${EXAMPLE}.`,
    );
  };
  const [arn, partition = '', service, region = '', account = '', resource, ...rest] = text.split(':');
  if (resource === undefined || rest.length > 0) return refuse('which has six parts with colons between them');
  if (arn !== 'arn' || !/^aws(?:-[a-z]+)*$/.test(partition))
    return refuse('which begins with "arn:aws:" in lower case');
  if (service !== 'sagemaker') return refuse(`its service is "${ownText(service ?? '')}" and not "sagemaker"`);
  if (!REGION.test(region)) return refuse(`"${ownText(region)}" is not a region such as us-east-1`);
  if (!/^\d{12}$/.test(account)) return refuse(`"${ownText(account)}" is not the number of an account, with 12 digits`);
  const [type = '', id, ...more] = resource.split('/');
  if (!isType(type)) return refuse(`"${ownText(type)}" is neither "mlflow-tracking-server" nor "mlflow-app"`);
  if (id === undefined || id === '')
    return refuse(`the ${type === 'mlflow-app' ? 'id' : 'name'} after "${type}/" is missing`);
  if (more.length > 0 || !KINDS[type].id.test(id)) {
    return refuse(
      `"${ownText([id, ...more].join('/'))}" is not the ${type === 'mlflow-app' ? 'id of an app' : 'name of a tracking server'}`,
    );
  }
  return { text, partition, region, account, type, id };
}

function isType(type: string): type is TrackingArn['type'] {
  return Object.hasOwn(KINDS, type);
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  throw new MlflowError(
    `MLflow: ${ENDPOINT_VARIABLE} is not an address: set it to one that begins with https:// or http://, or unset it.`,
  );
}

function readRole({ region }: TrackingArn, env: NodeJS.ProcessEnv): AssumedRole | undefined {
  const arn = readEnvironment(env, ROLE_VARIABLE);
  if (arn === undefined) return undefined;
  if (!ROLE.test(arn)) {
    throw new MlflowError(
      `MLflow: ${ROLE_VARIABLE} is "${ownText(arn)}", it must be the ARN of a role: arn:aws:iam::<account>:role/<name>.`,
    );
  }
  const variable = readEnvironment(env, ROLE_AGE_VARIABLE);
  const seconds = variable === undefined ? DEFAULT_ROLE_AGE_SECONDS : Number(variable);
  if (!Number.isFinite(seconds)) {
    throw new MlflowError(
      `MLflow: ${ROLE_AGE_VARIABLE} is "${ownText(variable ?? '')}", it must be a number of seconds from ${SHORTEST_ROLE_AGE_SECONDS} to ${LONGEST_ROLE_AGE_SECONDS}.`,
    );
  }
  const age = Math.min(Math.max(seconds, SHORTEST_ROLE_AGE_SECONDS), LONGEST_ROLE_AGE_SECONDS);
  return { arn, region, maxAgeMillis: age * 1000 };
}
