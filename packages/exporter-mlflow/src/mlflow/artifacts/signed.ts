import type { Failure } from '../../http/exchange/outcome.js';
import { mlflowTraceId } from '../names.js';
import { type Rest, type RestResult, requireText } from '../rest.js';
import {
  explainStorage,
  SIGNED_STORAGE,
  type SignedAddress,
  STORAGE,
  type StorageType,
  sendToStorage,
} from './signed-storage.js';
import type { LocationKind, TraceFolder } from './trace-folder.js';

/**
 * Files of Databricks. The workspace does not serve them itself: it signs an address in the storage of its cloud, which
 * works for some minutes, without the credentials of the workspace.
 */
export const SIGNED: LocationKind = {
  matches: (_location, { service }) => service === 'databricks',
  open: (_location, { traceId }) => ({ kind: 'success', value: signedFolder(traceId) }),
};

type Access = (storage: Rest, address: SignedAddress) => Promise<Failure | undefined>;

function signedFolder(traceId: string): TraceFolder {
  return {
    put: (rest, body) =>
      access(rest, traceId, 'upload', (storage, address) =>
        SIGNED_STORAGE[address.type].upload(storage, address, body),
      ),
    async get(rest) {
      let file: string | undefined;
      const failure = await access(rest, traceId, 'download', async (storage, address) => {
        const outcome = await sendToStorage(storage, address, 'GET');
        // An upload to Azure that failed in the middle leaves an empty file.
        if (outcome.kind === 'success') file = outcome.body || undefined;
        return outcome.kind === 'success' || outcome.status === 404 ? undefined : outcome;
      });
      return failure ?? { kind: 'success', value: file };
    },
  };
}

/** Asks for an address once more if the storage refuses the first: it may have expired, for example during an outage. */
async function access(
  rest: Rest,
  traceId: string,
  direction: 'upload' | 'download',
  use: Access,
): Promise<Failure | undefined> {
  let refusal: Failure | undefined;
  for (let attempts = 1; attempts <= 2; attempts++) {
    const signed = await signAddress(rest, traceId, direction);
    if (signed.kind !== 'success') return signed;
    const { origin } = signed.value;
    const storage = rest.beside({ origin, name: STORAGE, explain: explainStorage });
    if (storage.kind !== 'success') return storage;
    refusal = await use(storage.value, signed.value);
    if (refusal?.status !== 401 && refusal?.status !== 403) return refusal;
  }
  return refusal;
}

interface CredentialsAnswer {
  credential_info: { type?: string; signed_uri: string; headers?: { name: string; value: string }[] };
}

function signAddress(
  rest: Rest,
  traceId: string,
  direction: 'upload' | 'download',
): Promise<RestResult<SignedAddress>> {
  return rest.call({
    method: 'GET',
    path: `/api/2.0/mlflow/traces/${encodeURIComponent(mlflowTraceId(traceId))}/credentials-for-data-${direction}`,
    parse({ credential_info: { type = '', signed_uri, headers = [] } }: CredentialsAnswer): SignedAddress {
      // Not through `URL`, because a signature covers the spelling of the address.
      const [, origin = '', path = ''] = /^(https?:\/\/[^/?#]+)(\/[!"$-~]*)$/i.exec(requireText(signed_uri)) ?? [];
      if (!URL.canParse(origin)) throw new TypeError('no address');
      return {
        type: isStorageType(type) ? type : 'AWS_PRESIGNED_URL',
        origin,
        path,
        headers: Object.fromEntries(headers.map(({ name, value }) => [requireText(name).toLowerCase(), value])),
      };
    },
  });
}

function isStorageType(type: string): type is StorageType {
  return Object.hasOwn(SIGNED_STORAGE, type);
}
