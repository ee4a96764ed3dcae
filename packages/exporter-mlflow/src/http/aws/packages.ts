import { ownText, say } from '../../common/shown-text.js';
import { CREDENTIALS_MISSING_CODE, OwnError } from '../exchange/result.js';
import type { MlflowAwsCredentials } from '../settings/aws-credentials.js';

// Only the parts in use, because the types of packages that are not installed would fail to compile in applications.

/** A part of `@smithy/signature-v4`. */
interface Signing {
  readonly SignatureV4: new (options: {
    service: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
    sha256: new (
      secret?: string | ArrayBuffer | ArrayBufferView,
    ) => { update(data: Uint8Array): void; digest(): Promise<Uint8Array>; reset(): void };
    uriEscapePath: boolean;
  }) => {
    sign(
      request: {
        method: string;
        protocol: string;
        hostname: string;
        path: string;
        query: Record<string, string[]>;
        headers: Record<string, string>;
      },
      options: { signingDate: Date; unsignableHeaders: Set<string> },
    ): Promise<{ headers: Record<string, string> }>;
  };
}

/** A part of `@aws-sdk/credential-providers`. */
interface Providers {
  readonly fromNodeProviderChain: (options: {
    ignoreCache: boolean;
    logger: Record<'debug' | 'info' | 'warn' | 'error', (line: unknown) => void>;
  }) => (properties: { callerClientConfig: { region: () => Promise<string> } }) => Promise<MlflowAwsCredentials>;
  readonly fromTemporaryCredentials: (options: {
    masterCredentials: MlflowAwsCredentials;
    params: { RoleArn: string; RoleSessionName: string };
    clientConfig: { region: string };
  }) => () => Promise<MlflowAwsCredentials>;
}

/** The packages that only requests to AWS need. Applications install them, and each is loaded when it is first needed. */
export interface AwsPackages {
  /** @throws OwnError that says what to install if the package is missing */
  signing(): Promise<Signing>;
  /** @throws OwnError that says what to install if the package is missing */
  providers(): Promise<Providers>;
}

const MISSING_CODES = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);
// What bundlers put in place of a package that was missing at the time of the build.
const MISSING_WORDS = /could not resolve|cannot find (?:module|package)|dynamic require/i;

/** Creates the owner of the loaded packages. */
export function createAwsPackages(): AwsPackages {
  return { signing: once(loadSigning), providers: once(loadProviders) };
}

// Bundlers leave out a package that they do not find only if its import is inside of `try`.
async function loadSigning(): Promise<Signing> {
  try {
    return withoutDefault(await import('@smithy/signature-v4'));
  } catch (error) {
    throw missing(error, '@smithy/signature-v4');
  }
}

async function loadProviders(): Promise<Providers> {
  try {
    return withoutDefault(await import('@aws-sdk/credential-providers'));
  } catch (error) {
    throw missing(error, '@aws-sdk/credential-providers');
  }
}

/** Chunks that bundlers make of a CommonJS package may have no other export than the default. */
function withoutDefault<T extends object>(module: T): T {
  return (module as T & { default?: T }).default ?? module;
}

function missing(error: unknown, name: string): unknown {
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  if (!MISSING_CODES.has(code) && !MISSING_WORDS.test(message)) return error;
  return new OwnError(
    CREDENTIALS_MISSING_CODE,
    say`Requests to AWS need a package that is not installed (${ownText(name)}): run "npm install @aws-sdk/credential-providers @smithy/signature-v4", and if the application is bundled, build it again.`,
  );
}

/** Forgets a failure, so that the next call tries again. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
