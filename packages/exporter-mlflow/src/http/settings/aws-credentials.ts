/** Credentials of AWS. Identities of the AWS SDK have this shape. */
export interface MlflowAwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When they end; absent if they do not. */
  readonly expiration?: Date;
}

/**
 * Credentials of AWS, or a function that returns them, such as the providers of `@aws-sdk/credential-providers`. The
 * function is called before the credentials expire, after a minute if they have no expiration, and when AWS refuses them.
 * In the last case it is called with `{ forceRefresh: true }`, which providers of the AWS SDK understand.
 */
export type MlflowAwsCredentialsOption = MlflowAwsCredentials | (() => Promise<MlflowAwsCredentials>);
