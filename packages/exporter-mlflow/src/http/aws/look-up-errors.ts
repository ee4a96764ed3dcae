import { nameOfError } from '../../common/error.js';
import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { CREDENTIALS_MISSING_CODE, OwnError } from '../exchange/result.js';

/** Why a look-up of credentials failed. */
interface LookUpFailure {
  reason: ShownText;
  /** Whether it fails until a user changes a setting. */
  isFinal: boolean;
}

interface Row {
  /** Of class and message of the error. */
  matches: RegExp;
  /** `name` is what the expression captured: a profile or a role. */
  reason: (name: ShownText) => ShownText;
  isFinal: boolean;
}

const NOTHING_FOUND = /Could not load credentials from any providers/;
const SET_CREDENTIALS = say`set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the option credentials, or run where AWS provides a role (ECS, EKS, Lambda, EC2)`;
/** While the role of a container or an instance may still appear. */
export const NOTHING_FOUND_YET: ShownText = say`none were found, ${SET_CREDENTIALS}`;

// Class and message as in `@aws-sdk/credential-providers`. A message is only read, because that of a process is foreign.
const ROWS: readonly Row[] = [
  {
    matches: /sso session|sso token|aws sso login/i,
    reason: () => say`The AWS SSO session has expired: run "aws sso login", with --profile if AWS_PROFILE is set.`,
    isFinal: true,
  },
  {
    matches: /\baws login\b|login session/i,
    reason: () => say`The session of "aws login" has expired: run "aws login" again.`,
    isFinal: true,
  },
  {
    // Other classes are errors of the application, which may contain a secret there.
    matches: /^CredentialsProviderError: .*(?:Profile (\S+) could not be found|using profile: \[([^\]]+)\])/s,
    reason: (name) =>
      say`The AWS profile "${name}" has no usable credentials: correct AWS_PROFILE, or the profile in ~/.aws/config and ~/.aws/credentials.`,
    isFinal: true,
  },
  {
    matches: /credential_process (?:returned|did not return)|Command failed/,
    reason: () =>
      say`the credential_process of the AWS profile failed or printed no valid credentials, run it in a shell to see why`,
    isFinal: false,
  },
  {
    matches: /not authorized to perform: sts:AssumeRole\w*(?: on resource: (arn:[\w+=,.@:/-]+))?/,
    reason: (role) =>
      say`The application may not assume the role ${role}: allow sts:AssumeRole in the IAM policy of the application, and the application in the trust policy of the role.`,
    isFinal: true,
  },
  {
    matches: /^ExpiredToken/,
    reason: () => say`the credentials with which a role is assumed have expired, renew them`,
    isFinal: false,
  },
  {
    matches: /^(?:InvalidClientTokenId|UnrecognizedClient)/,
    reason: () =>
      say`AWS does not know the access key or the session token with which a role is assumed: correct the credentials.`,
    isFinal: true,
  },
  {
    matches: /^SignatureDoesNotMatch/,
    reason: () => say`AWS refuses the signature with which a role is assumed: correct the secret access key.`,
    isFinal: true,
  },
  {
    matches: NOTHING_FOUND,
    reason: () => say`No AWS credentials were found: ${SET_CREDENTIALS}.`,
    isFinal: true,
  },
];

// The output of a process may be long.
const MAX_READ_LENGTH = 4096;

/** Says in words of this package why a provider of credentials failed. Its own words may contain secrets. */
export function explainLookUp(error: unknown): LookUpFailure {
  if (error instanceof OwnError) return { reason: error.text, isFinal: error.code === CREDENTIALS_MISSING_CODE };
  const text = textOf(error);
  for (const { matches, reason, isFinal } of ROWS) {
    const match = matches.exec(text);
    if (match !== null) return { reason: reason(ownText(match[1] ?? match[2] ?? '')), isFinal };
  }
  return {
    reason: say`the provider of AWS credentials failed with ${nameOfError(error)}, call it alone or run "aws sts get-caller-identity" to see why`,
    isFinal: false,
  };
}

/** Whether the chain of the AWS SDK has no more sources. */
export function isNothingFound(error: unknown): boolean {
  return NOTHING_FOUND.test(textOf(error));
}

function textOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, MAX_READ_LENGTH) : '';
  } catch {
    // Its members are getters that throw.
    return '';
  }
}
