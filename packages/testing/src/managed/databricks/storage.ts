import type { IncomingHttpHeaders } from 'node:http';

/** Kinds of storage below a workspace, by the names of MLflow's `ArtifactCredentialType`. */
export type StorageType = 'AWS_PRESIGNED_URL' | 'GCP_SIGNED_URL' | 'AZURE_SAS_URI' | 'AZURE_ADLS_GEN2_SAS_URI';

/** What a workspace says about how to reach a file. */
export interface SignedAddress {
  readonly type: StorageType;
  readonly signed_uri: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

interface StorageRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const SIGNED_HEADER = 'x-signed-header';

/** Storage that takes requests with a signed address and its headers, and refuses those with a token of the workspace. */
export class Storage {
  readonly type: StorageType;
  /** The complete files, by path. */
  readonly files = new Map<string, Buffer>();
  /** Addresses of which this signature is a part have expired. */
  readonly expired = new Set<string>();
  #signatures = 0;
  readonly #blocks = new Map<string, Buffer>();
  readonly #appended = new Map<string, Buffer>();

  constructor(type: StorageType) {
    this.type = type;
  }

  /** An address for one file, with a signature of its own. */
  sign(origin: string, path: string): SignedAddress & { readonly signature: string } {
    this.#signatures += 1;
    const signature = `s1gnature-${this.#signatures}+/=`;
    const query = new URLSearchParams({ sv: '2024-08-04', sig: signature });
    const signed_uri = `${origin}/storage${path}?${query}`;
    const headers = this.type === 'AWS_PRESIGNED_URL' ? [{ name: SIGNED_HEADER, value: signature }] : [];
    return { type: this.type, signed_uri, headers, signature };
  }

  /** Handles a request as the cloud's storage does, as far as a trace's file needs it. */
  answer({ method, url, headers, body }: StorageRequest): { status: number; body?: Buffer } {
    const refuse = (status: number, code: string): { status: number; body: Buffer } => ({
      status,
      body: Buffer.from(
        `<?xml version="1.0"?><Error><Code>${code}</Code><Message>sig=${url.searchParams.get('sig')}</Message></Error>`,
      ),
    });
    const signature = url.searchParams.get('sig') ?? '';
    if (headers.authorization !== undefined) return refuse(400, 'InvalidArgument');
    if (signature === '') return refuse(403, 'AccessDenied');
    if (this.expired.has(signature)) return refuse(403, 'AuthenticationFailed');
    if (this.type === 'AWS_PRESIGNED_URL' && headers[SIGNED_HEADER] !== signature)
      return refuse(403, 'SignatureDoesNotMatch');
    const path = url.pathname.replace(/^\/storage/, '');
    const parameter = (name: string): string | null => url.searchParams.get(name);
    if (method === 'GET') {
      const file = this.files.get(path);
      return file === undefined ? refuse(404, 'NoSuchKey') : { status: 200, body: file };
    }
    const isAdls = this.type === 'AZURE_ADLS_GEN2_SAS_URI';
    if (isAdls && method === 'PUT' && parameter('resource') === 'file') {
      this.#appended.set(path, Buffer.alloc(0));
      return { status: 201 };
    }
    if (isAdls && method === 'PATCH' && parameter('action') === 'append') {
      const before = this.#appended.get(path);
      if (before === undefined) return refuse(404, 'PathNotFound');
      if (Number(parameter('position')) !== before.byteLength) return refuse(400, 'InvalidQueryParameterValue');
      const whole = Buffer.concat([before, body]);
      this.#appended.set(path, whole);
      if (parameter('flush') === 'true') this.files.set(path, whole);
      return { status: parameter('flush') === 'true' ? 200 : 202 };
    }
    if (isAdls && method === 'PATCH' && parameter('action') === 'flush') {
      const whole = this.#appended.get(path);
      if (whole === undefined || Number(parameter('position')) !== whole.byteLength) {
        return refuse(400, 'InvalidFlushPosition');
      }
      this.files.set(path, whole);
      return { status: 200 };
    }
    if (isAdls || method !== 'PUT') return refuse(400, 'UnsupportedHttpVerb');
    if (this.type === 'AZURE_SAS_URI') {
      if (parameter('comp') === 'blocklist') {
        const ids = [...body.toString().matchAll(/<Uncommitted>([^<]*)</g)].map(([, id = '']) => id);
        this.files.set(path, Buffer.concat(ids.map((id) => this.#blocks.get(`${path}#${id}`) ?? Buffer.alloc(0))));
        return { status: 201 };
      }
      if (headers['x-ms-blob-type'] !== 'BlockBlob') return refuse(400, 'MissingRequiredHeader');
      if (parameter('comp') === 'block') {
        this.#blocks.set(`${path}#${parameter('blockid')}`, body);
        return { status: 201 };
      }
    }
    this.files.set(path, body);
    return { status: this.type === 'AZURE_SAS_URI' ? 201 : 200 };
  }
}
