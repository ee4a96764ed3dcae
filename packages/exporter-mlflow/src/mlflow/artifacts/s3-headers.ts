import { isRecord, parseJson } from '../../common/json.js';
import { say } from '../../common/shown-text.js';
import type { RestResult } from '../rest.js';

/** Arguments of `put_object` in Python, by which users of MLflow set these headers. */
const HEADERS: Readonly<Record<string, string>> = {
  ACL: 'x-amz-acl',
  BucketKeyEnabled: 'x-amz-server-side-encryption-bucket-key-enabled',
  CacheControl: 'cache-control',
  ExpectedBucketOwner: 'x-amz-expected-bucket-owner',
  RequestPayer: 'x-amz-request-payer',
  SSEKMSEncryptionContext: 'x-amz-server-side-encryption-context',
  SSEKMSKeyId: 'x-amz-server-side-encryption-aws-kms-key-id',
  ServerSideEncryption: 'x-amz-server-side-encryption',
  StorageClass: 'x-amz-storage-class',
  Tagging: 'x-amz-tagging',
};

/** The header of every request that the environment asks for: `MLFLOW_S3_EXPECTED_BUCKET_OWNER`. */
export function ownerHeader(env: NodeJS.ProcessEnv): Record<string, string> {
  const owner = env['MLFLOW_S3_EXPECTED_BUCKET_OWNER']?.trim();
  return owner ? { 'x-amz-expected-bucket-owner': owner } : {};
}

/**
 * The headers of an upload that the environment asks for: the arguments in `MLFLOW_S3_UPLOAD_EXTRA_ARGS`, a JSON object.
 * Fails on an argument that is not known, because a file without it may be stored in another way than it must be.
 */
export function uploadHeaders(env: NodeJS.ProcessEnv): RestResult<Record<string, string>> {
  const text = env['MLFLOW_S3_UPLOAD_EXTRA_ARGS']?.trim();
  if (!text) return { kind: 'success', value: {} };
  const given = parseJson(text);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(isRecord(given) ? given : { '': '' })) {
    const header = Object.hasOwn(HEADERS, name) ? HEADERS[name] : undefined;
    if (header === undefined || !['string', 'boolean'].includes(typeof value)) return UNUSABLE;
    headers[header] = String(value);
  }
  return { kind: 'success', value: headers };
}

const UNUSABLE: RestResult<never> = {
  kind: 'configuration',
  reason: say`MLFLOW_S3_UPLOAD_EXTRA_ARGS is not a JSON object of texts with the names ACL, BucketKeyEnabled, CacheControl, ExpectedBucketOwner, RequestPayer, SSEKMSEncryptionContext, SSEKMSKeyId, ServerSideEncryption, StorageClass and Tagging: correct it.`,
};
