import { runningTime } from '../../common/running-time.js';
import { say } from '../../common/shown-text.js';
import { CREDENTIALS_MISSING_CODE, NO_CREDENTIALS_CODE, OwnError } from '../exchange/result.js';
import type { MlflowAwsCredentials, MlflowAwsCredentialsOption } from '../settings/aws-credentials.js';
import type { CredentialSource, LookUp } from './credential-source.js';
import { mendableCauseOf } from './error.js';
import { isNothingFound, NOTHING_FOUND_YET } from './look-up-errors.js';
import type { AwsPackages } from './packages.js';

/** A role that the application assumes. */
export interface AssumedRole {
  readonly arn: string;
  /** Of the endpoint of STS. */
  readonly region: string;
  readonly maxAgeMillis: number;
}

// As in the reference client, so that policies and CloudTrail see the same.
const SESSION_NAME = 'AuthBotoSagemakerMlFlow';
// The AWS SDK waits one second for the metadata service, which may take longer while a container or an instance starts.
const START_MILLIS = 10_000;

/**
 * Looks up the credentials of the application: the option, or what the AWS SDK finds.
 *
 * @param regionOf the region whose STS the SDK asks if a profile names a role and no region
 */
export function lookUpBase(
  option: MlflowAwsCredentialsOption | undefined,
  packages: AwsPackages,
  regionOf: () => string,
): LookUp {
  if (typeof option === 'function') {
    const provide = option as (properties: { forceRefresh: boolean }) => Promise<MlflowAwsCredentials>;
    return (isRenewal) => provide({ forceRefresh: isRenewal });
  }
  if (option !== undefined) return async () => requireComplete(option);
  let startedAt: number | undefined;
  return async () => {
    const { fromNodeProviderChain } = await packages.providers();
    startedAt ??= runningTime();
    const said: string[] = [];
    const logger = { debug: (line: unknown) => void said.push(String(line)), info() {}, warn() {}, error() {} };
    try {
      // A chain remembers credentials without an end forever, so each look-up has its own.
      const chain = fromNodeProviderChain({ ignoreCache: true, logger });
      // Otherwise it would ask us-east-1, which knows no keys of other partitions.
      return await chain({ callerClientConfig: { region: async () => regionOf() } });
    } catch (error) {
      const telling = tellingError(error, said);
      if (isNothingFound(telling) && isRoleLate(process.env, runningTime() - startedAt)) {
        throw new OwnError(NO_CREDENTIALS_CODE, NOTHING_FOUND_YET);
      }
      throw telling;
    }
  };
}

/** @throws OwnError if a program in JavaScript passed something else */
function requireComplete(identity: Partial<MlflowAwsCredentials> | null): MlflowAwsCredentials {
  const { accessKeyId, secretAccessKey } = identity ?? {};
  if (accessKeyId && secretAccessKey) return { ...identity, accessKeyId, secretAccessKey };
  throw new OwnError(
    CREDENTIALS_MISSING_CODE,
    say`The option credentials has no accessKeyId and secretAccessKey: pass both, or a provider of @aws-sdk/credential-providers.`,
  );
}

const PROCESS_FAILED = /credential_process (?:returned|did not return)|Command failed/;
const PROFILE_FAILED = /Profile \S+ could not be found|using profile: \[/;

/** The chain goes on after a profile that fails, and the error of its end does not name the profile. */
function tellingError(error: unknown, said: readonly string[]): unknown {
  const line =
    said.find((text) => PROCESS_FAILED.test(text)) ??
    (process.env['AWS_PROFILE'] ? said.find((text) => PROFILE_FAILED.test(text)) : undefined);
  return line === undefined ? error : Object.assign(new Error(line), { name: 'CredentialsProviderError' });
}

/** Whether the role of a container or an instance may still appear, although the chain found nothing. */
function isRoleLate(env: NodeJS.ProcessEnv, millisSinceStart: number): boolean {
  if (env['AWS_PROFILE'] || millisSinceStart >= START_MILLIS) return false;
  const isContainer = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  return Boolean(isContainer) || /^(?:false)?$/.test(env['AWS_EC2_METADATA_DISABLED'] ?? '');
}

/** Whether the AWS SDK takes the credentials from variables. It prefers a profile. */
export function areInEnvironment(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY'] && !env['AWS_PROFILE']);
}

/** Looks up the credentials of a role that the application assumes with its own. */
export function assumeRole({ arn, region }: AssumedRole, base: CredentialSource, packages: AwsPackages): LookUp {
  const assume = async (): Promise<{ used: MlflowAwsCredentials; assumed: Promise<MlflowAwsCredentials> }> => {
    const { fromTemporaryCredentials } = await packages.providers();
    const found = await base.get(Number.POSITIVE_INFINITY);
    if (found.kind === 'none') {
      throw new OwnError(found.isFinal ? CREDENTIALS_MISSING_CODE : NO_CREDENTIALS_CODE, found.reason);
    }
    const { credentials: used } = found;
    // A provider keeps the credentials of its first call, so each look-up has its own.
    const provide = fromTemporaryCredentials({
      masterCredentials: used,
      params: { RoleArn: arn, RoleSessionName: SESSION_NAME },
      clientConfig: { region },
    });
    return { used, assumed: provide() };
  };
  return async () => {
    const { used, assumed } = await assume();
    try {
      return await assumed;
    } catch (error) {
      const { name } = error as Error;
      const isMendable = mendableCauseOf({ type: String(name), message: '' }) === 'credentials';
      if (!isMendable || !(await base.renew(used, Number.POSITIVE_INFINITY))) throw error;
      return (await assume()).assumed;
    }
  };
}
