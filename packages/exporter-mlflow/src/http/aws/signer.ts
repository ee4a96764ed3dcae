import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { describeFault } from '../../common/error.js';
import { say } from '../../common/shown-text.js';
import type { Authorization, Authorizer, WireRequest } from '../exchange/authorizer.js';
import { CREDENTIALS_MISSING_CODE, OwnError } from '../exchange/result.js';
import type { MlflowAwsCredentials } from '../settings/aws-credentials.js';
import type { AwsClock } from './clock.js';
import type { CredentialSource } from './credential-source.js';
import { mendableCauseOf, readAwsError } from './error.js';
import type { AwsPackages } from './packages.js';

/** The service and region that a signature is for. */
export interface SigningScope {
  /** The name in signatures, for example `s3`. */
  readonly service: string;
  readonly region: string;
}

interface SignerParts {
  readonly packages: AwsPackages;
  readonly source: CredentialSource;
  readonly clock: AwsClock;
}

type Headers = Record<string, string>;

const HASH_HEADER = 'x-amz-content-sha256';
const DATE_HEADER = 'x-amz-date';
const TOKEN_HEADER = 'x-amz-security-token';
const ADDED_HEADERS = ['authorization', HASH_HEADER, DATE_HEADER, TOKEN_HEADER];
// Load balancers and proxies change or add them. Smithy's signer leaves out others, such as `connection`, by itself.
const UNSIGNED_HEADERS = ['traceparent', 'tracestate', 'baggage', 'x-amzn-trace-id', 'via', 'x-forwarded-for'];
const ASCII = /^[\t\x20-\x7e]*$/;

/** Creates an authorizer that signs each attempt with Signature V4, at its own time and over what goes on the wire. */
export function createSigner(scope: SigningScope, { packages, source, clock }: SignerParts): Authorizer {
  return {
    async authorize(request, deadline) {
      const found = await source.get(deadline);
      if (found.kind === 'none') return found;
      try {
        const { credentials } = found;
        const headers = await sign(request, scope, { packages, clock, credentials });
        return { kind: 'headers', headers, unsent: { 'secret-access-key': credentials.secretAccessKey } };
      } catch (error) {
        return cannotSign(error);
      }
    },
    async renew(refusal, deadline, sent) {
      const error = readAwsError(refusal);
      const cause = error && mendableCauseOf(error);
      if (cause === 'time') return clock.correct(refusal.headers.date, signingTimeOf(sent));
      if (cause !== 'credentials') return false;
      const [, accessKeyId] = /Credential=([^/,\s]+)/.exec(sent['authorization'] ?? '') ?? [];
      return source.renew({ accessKeyId, sessionToken: sent[TOKEN_HEADER] }, deadline);
    },
  };
}

function cannotSign(error: unknown): Authorization {
  if (!(error instanceof OwnError)) return { kind: 'none', reason: say`signing failed with ${describeFault(error)}` };
  return { kind: 'none', reason: error.text, isFinal: error.code === CREDENTIALS_MISSING_CODE };
}

async function sign(
  { method, url, headers, body }: WireRequest,
  { service, region }: SigningScope,
  { packages, clock, credentials }: Pick<SignerParts, 'packages' | 'clock'> & { credentials: MlflowAwsCredentials },
): Promise<Headers> {
  const { SignatureV4 } = await packages.signing();
  const [, protocol = '', host = '', path = '', query = ''] =
    /^(https?:)\/\/([^/?#]*)([^?#]*)\??([^#]*)/.exec(url) ?? [];
  const hash = createHash('sha256');
  if (body !== undefined) hash.update(body);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signer = new SignatureV4({
    service,
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    sha256: Sha256,
    // Only S3 takes the path as it is on the wire.
    uriEscapePath: service !== 's3',
  });
  const signed = await signer.sign(
    {
      method,
      protocol,
      hostname: host,
      path: path || '/',
      query: parametersOf(query),
      headers: { host, ...headers, [HASH_HEADER]: hash.digest('hex') },
    },
    { signingDate: new Date(clock.now()), unsignableHeaders: new Set([...UNSIGNED_HEADERS, ...notAscii(headers)]) },
  );
  return Object.fromEntries(
    ADDED_HEADERS.flatMap((name) => (signed.headers[name] === undefined ? [] : [[name, signed.headers[name]]])),
  );
}

/** Names of headers whose bytes on the wire are not those of UTF-8, which is what gets signed. */
function notAscii(headers: Readonly<Headers>): string[] {
  return Object.keys(headers).filter((name) => !ASCII.test(headers[name] ?? ''));
}

/** Names and values as AWS reads them: a plus sign is a plus sign, and a name alone has an empty value. */
function parametersOf(query: string): Record<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const [name = '', ...value] = pair.split('=');
    const decodedName = decode(name);
    parameters.set(decodedName, [...(parameters.get(decodedName) ?? []), decode(value.join('='))]);
  }
  return Object.fromEntries(parameters);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Unix time in milliseconds at which these headers were made. */
function signingTimeOf(headers: Readonly<Headers>): number {
  return Date.parse(
    (headers[DATE_HEADER] ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
}

/** SHA-256, or HMAC with a key, in the form that Smithy's signer takes. */
class Sha256 {
  readonly #secret: string | Uint8Array | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret =
      secret === undefined || typeof secret === 'string'
        ? secret
        : ArrayBuffer.isView(secret)
          ? bytesOf(secret)
          : new Uint8Array(secret);
    this.#hash = this.#create();
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#create();
  }

  #create(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
