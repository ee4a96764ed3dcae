import type { Authorizer } from '../exchange/authorizer.js';
import type { MlflowAwsCredentialsOption } from '../settings/aws-credentials.js';
import { type AwsClock, createAwsClock } from './clock.js';
import { createCredentialSource } from './credential-source.js';
import { type AssumedRole, areInEnvironment, assumeRole, lookUpBase } from './look-up.js';
import { type AwsPackages, createAwsPackages } from './packages.js';
import { createSigner, type SigningScope } from './signer.js';

/** Signs requests to AWS. Loads the packages for it, and looks for credentials, when the first request is sent. */
export interface AwsAccess {
  /** Signs with the credentials of the application itself, which uploads to S3 use, too. */
  authorizer(scope: SigningScope): Authorizer;
  /** Signs with those of a role that the application assumes. */
  authorizerOfRole(scope: SigningScope, role: AssumedRole): Authorizer;
  /** Whether the application cannot get other credentials while it runs. */
  isFixed(): boolean;
}

/** @param credentials Default: those that the AWS SDK finds. */
export function createAwsAccess(
  credentials: MlflowAwsCredentialsOption | undefined,
  packages: AwsPackages = createAwsPackages(),
  clock: AwsClock = createAwsClock(),
): AwsAccess {
  let firstRegion: string | undefined;
  const base = createCredentialSource(
    lookUpBase(credentials, packages, () => firstRegion ?? 'us-east-1'),
    clock,
  );
  return {
    isFixed: () => typeof credentials === 'object' || (credentials === undefined && areInEnvironment(process.env)),
    authorizer(scope) {
      firstRegion ??= scope.region;
      return createSigner(scope, { packages, clock, source: base });
    },
    authorizerOfRole(scope, role) {
      firstRegion ??= role.region;
      const source = createCredentialSource(assumeRole(role, base, packages), clock, role.maxAgeMillis);
      return createSigner(scope, { packages, clock, source });
    },
  };
}
