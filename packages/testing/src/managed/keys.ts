import { randomBytes } from 'node:crypto';

/** A key of AWS that the stand-ins accept. */
export interface AwsKey {
  readonly id: string;
  readonly secret: string;
  /** Session token of a temporary key. Requests must carry it. */
  readonly token?: string;
  /** Unix time in seconds. Default: never. */
  readonly expires?: number;
}

/** Makes a random key of the shape that AWS gives, with the characters that are special in URLs and regular expressions. */
export function makeKey({ isTemporary = false, expires }: { isTemporary?: boolean; expires?: number } = {}): AwsKey {
  const suffix = randomBytes(10).toString('hex').toUpperCase().slice(0, 16);
  return {
    id: `${isTemporary ? 'ASIA' : 'AKIA'}${suffix}`,
    secret: `${randomBytes(27).toString('base64').slice(0, 36)}+/a/`,
    ...(isTemporary ? { token: `IQoJb3JpZ2luX2Vj${randomBytes(300).toString('base64')}` } : {}),
    ...(expires === undefined ? {} : { expires }),
  };
}

/** The variables of a key in the environment. Keys of this machine's user are out of reach with them. */
export function environmentOf({ id, secret, token }: AwsKey): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    ...(token === undefined ? {} : { AWS_SESSION_TOKEN: token }),
    ...WITHOUT_ACCOUNT,
  };
}

/** Keeps the AWS settings of this machine's user away from a test. */
export const WITHOUT_ACCOUNT: Readonly<Record<string, string>> = {
  AWS_CONFIG_FILE: '/nonexistent/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
  AWS_EC2_METADATA_DISABLED: 'true',
};
