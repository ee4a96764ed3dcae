import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsKey } from '../../src/managed/keys.js';

/** What is signed, and how. */
export interface ToSign {
  readonly url: string;
  readonly method: string;
  /** As on the wire, without the query. */
  readonly path: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: string | undefined;
  readonly key: AwsKey;
  readonly service: string;
  readonly region: string;
  /** Default: now. */
  readonly at?: Date;
  /** Changes the request after signing. */
  readonly spoil?: (request: SignedRequest) => void;
}

/** A request with its signature. */
interface SignedRequest {
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
}

/** Sends a request with the signature that Smithy makes. */
export async function sendSigned(request: ToSign): Promise<Response> {
  const { url, method, path, query = {}, body, key, service, region, at, spoil } = request;
  const signer = new SignatureV4({
    service,
    region,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    credentials: {
      accessKeyId: key.id,
      secretAccessKey: key.secret,
      ...(key.token === undefined ? {} : { sessionToken: key.token }),
    },
  });
  const { hostname, host } = new URL(url);
  const signed = await signer.sign(
    { protocol: 'http:', hostname, method, path, query, body: body ?? '', headers: { host, ...request.headers } },
    at === undefined ? {} : { signingDate: at },
  );
  const pairs = Object.entries(query).map((pair) => pair.map(encodeURIComponent).join('='));
  const sent = { path: `${path}${pairs.length === 0 ? '' : '?'}${pairs.join('&')}`, headers: signed.headers, body };
  spoil?.(sent);
  const { host: _, ...headers } = sent.headers;
  return fetch(`${url}${sent.path}`, { method, headers, ...(sent.body === undefined ? {} : { body: sent.body }) });
}

type Bytes = string | ArrayBuffer | ArrayBufferView;

class Sha256 {
  readonly #hash;
  constructor(secret?: Bytes) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }
  update(data: Bytes): void {
    this.#hash.update(bytesOf(data));
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

function bytesOf(data: Bytes): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
