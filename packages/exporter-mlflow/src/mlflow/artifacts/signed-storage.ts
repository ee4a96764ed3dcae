import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { type Explain, type Failure, type Outcome, parseRetryAfter } from '../../http/exchange/outcome.js';
import type { HttpRequest } from '../../http/exchange/request.js';
import { OUTAGE_STATUSES } from '../../http/exchange/result.js';
import { optional, type Rest } from '../rest.js';

/** An address that lets in whoever has it, with headers that belong to its signature. */
export interface SignedAddress {
  readonly type: StorageType;
  readonly origin: string;
  /** With the query that holds the signature. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Kinds of storage, by the names of MLflow's `ArtifactCredentialType`. */
export type StorageType = 'AWS_PRESIGNED_URL' | 'GCP_SIGNED_URL' | 'AZURE_SAS_URI' | 'AZURE_ADLS_GEN2_SAS_URI';

interface StorageKind {
  upload(storage: Rest, address: SignedAddress, body: Uint8Array): Promise<Failure | undefined>;
}

const PLAIN: StorageKind = {
  upload: async (storage, address, body) => failure(await sendToStorage(storage, address, 'PUT', { body })),
};

/** How a file gets to each kind of storage. */
export const SIGNED_STORAGE: Readonly<Record<StorageType, StorageKind>> = {
  AWS_PRESIGNED_URL: PLAIN,
  GCP_SIGNED_URL: PLAIN,
  // https://learn.microsoft.com/en-us/rest/api/storageservices/put-blob
  AZURE_SAS_URI: {
    async upload(storage, address, body) {
      const headers = { 'x-ms-blob-type': 'BlockBlob' };
      return failure(await sendToStorage(storage, address, 'PUT', { body, headers }));
    },
  },
  // https://learn.microsoft.com/en-us/rest/api/storageservices/datalakestoragegen2/path/update
  AZURE_ADLS_GEN2_SAS_URI: {
    async upload(storage, address, body) {
      const refusal = await createAndAppend(storage, address, body);
      // The first answer may be lost on the way. The storage then refuses a repetition, because the data is there already.
      return refusal?.status === 400 ? createAndAppend(storage, address, body) : refusal;
    },
  },
};

async function createAndAppend(storage: Rest, address: SignedAddress, body: Uint8Array): Promise<Failure | undefined> {
  const created = await sendToStorage(storage, address, 'PUT', { query: 'resource=file' });
  if (created.kind !== 'success') return created;
  const query = 'action=append&position=0&flush=true';
  return failure(await sendToStorage(storage, address, 'PATCH', { query, body }));
}

/**
 * Sends a request to a signed address. No content type is added, because older signatures cover it.
 *
 * @param options `query`: added to the address
 */
export function sendToStorage(
  storage: Rest,
  { path, headers }: SignedAddress,
  method: HttpRequest['method'],
  options: { body?: Uint8Array; headers?: Record<string, string>; query?: string } = {},
): Promise<Outcome> {
  const { body, query } = options;
  return storage.send({
    method,
    path: query === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`,
    headers: { ...headers, ...options.headers },
    ...(body === undefined ? {} : { body, beginningOnly: true }),
  });
}

/** What messages call it. */
export const STORAGE: ShownText = say`The storage of the workspace`;

/** Reads refusals of a storage. They repeat the signed address, so messages show nothing but their code. */
export const explainStorage: Explain = ({ status, headers, body }, { url }) => {
  const [, code] = /<Code>([A-Za-z]{3,60})<\/Code>|"code"\s*:\s*"([A-Za-z]{3,60})"/.exec(body)?.filter(Boolean) ?? [];
  const said: ShownText = code === undefined ? say`${status}` : say`${status} ${ownText(code)}`;
  if (OUTAGE_STATUSES.has(status) || status > 504) {
    const retryAfterMillis = parseRetryAfter(headers['retry-after']);
    return {
      kind: 'retryable',
      reason: say`${STORAGE} at ${url} answered ${said}`,
      ...optional('retryAfterMillis', retryAfterMillis),
    };
  }
  if (status === 401 || status === 403) {
    return {
      kind: 'configuration',
      reason: say`${STORAGE} at ${url} refuses the address that the workspace has just signed (${said}): let its firewall admit the network of this process, and check this machine's clock.`,
    };
  }
  if (status < 400) {
    return {
      kind: 'configuration',
      reason: say`${STORAGE} at ${url} redirects (${status}), and redirects are not followed: let proxies and firewalls pass requests to it.`,
    };
  }
  return { kind: 'rejected', reason: say`${STORAGE} at ${url} refuses the file of a trace (${said})` };
};

function failure(outcome: Outcome): Failure | undefined {
  return outcome.kind === 'success' ? undefined : outcome;
}
