import { ownText, say } from '../../common/shown-text.js';
import type { AwsAccess } from '../../http/aws/access.js';
import type { Outcome } from '../../http/exchange/outcome.js';
import type { HttpRequest } from '../../http/exchange/request.js';
import { encodePath, type Rest } from '../rest.js';
import { addressOf, firstRegion, parseS3Location, type S3Location } from './s3-address.js';
import { ownerHeader, uploadHeaders } from './s3-headers.js';
import { explainS3, readS3Refusal, type S3Action, type S3Failure } from './s3-refusals.js';
import { type LocationKind, TRACES_JSON, type TraceFolder } from './trace-folder.js';

/**
 * Folders in a bucket that the tracking server does not serve itself, as SageMaker's and those with
 * `--no-serve-artifacts`. Requests are signed with the AWS credentials of the application.
 */
export const S3: LocationKind = {
  matches: (location) => /^s3:/i.test(location),
  open(location, _trace, { url, show }) {
    const parsed = parseS3Location(location);
    return parsed === undefined
      ? {
          kind: 'configuration',
          reason: say`MLflow at ${url} keeps spans at ${show(location)}, which names no bucket: correct its artifact root.`,
        }
      : { kind: 'success', value: s3Folder(parsed) };
  },
};

type ObjectRequest = Pick<HttpRequest, 'method' | 'headers' | 'body' | 'beginningOnly' | 'recorded'>;

function s3Folder(location: S3Location): TraceFolder {
  return {
    async put(rest, body) {
      const extra = uploadHeaders(process.env);
      if (extra.kind !== 'success') return extra;
      const outcome = await send(rest, location, 's3:PutObject', {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...extra.value },
        body,
        beginningOnly: true,
        recorded: () => [new TextDecoder().decode(body)],
      });
      return outcome.kind === 'success' ? undefined : outcome;
    },
    async get(rest) {
      const outcome = await send(rest, location, 's3:GetObject', { method: 'GET' });
      if (outcome.kind === 'success') return { kind: 'success', value: outcome.body };
      const isAbsent = outcome.status === 404 && outcome.errorCode !== 'NoSuchBucket';
      return isAbsent ? { kind: 'success', value: undefined } : outcome;
    },
  };
}

/** Regions of buckets that S3 has named, for as long as the connection lives. */
const REGIONS = new WeakMap<AwsAccess, Map<string, string>>();

/** Sends a request for `traces.json`, and once more if S3 names another region. */
async function send(
  rest: Rest,
  { bucket, prefix }: S3Location,
  action: S3Action,
  request: ObjectRequest,
): Promise<Outcome> {
  const regions = REGIONS.get(rest.aws) ?? new Map<string, string>();
  REGIONS.set(rest.aws, regions);
  const region = regions.get(bucket) ?? firstRegion(rest.url, process.env);
  const path = `/${encodePath(`${prefix}${TRACES_JSON}`)}`;
  const complete = { ...request, path, headers: { ...ownerHeader(process.env), ...request.headers } };
  let outcome = await sendTo(region, rest, bucket, complete);
  const { bucketRegion } = outcome as S3Failure;
  if (bucketRegion !== undefined && bucketRegion !== region) {
    regions.set(bucket, bucketRegion);
    outcome = await sendTo(bucketRegion, rest, bucket, complete);
  }
  // Without a code, it is no answer of S3. An outage needs no more words.
  if (outcome.kind !== 'configuration' || outcome.errorCode === undefined) return outcome;
  const subject = { action, bucket: ownText(bucket), folder: ownText(commonFolder(prefix)) };
  return { ...outcome, reason: explainS3(outcome, subject) };
}

async function sendTo(
  region: string,
  rest: Rest,
  bucket: string,
  request: Omit<HttpRequest, 'signal'>,
): Promise<Outcome> {
  const address = addressOf(bucket, region, process.env);
  if (address.kind !== 'success') return address;
  const { origin, path } = address.value;
  const beside = rest.beside({
    name: say`S3`,
    origin,
    variant: region,
    authorizer: rest.aws.authorizer({ service: 's3', region }),
    explain: readS3Refusal,
  });
  return beside.kind === 'success' ? beside.value.send({ ...request, path: `${path}${request.path}` }) : beside;
}

/** The part of the key that all traces of an experiment share. IAM policies name it, and one message serves all traces. */
function commonFolder(prefix: string): string {
  return prefix.replace(/tr-[0-9a-f]{32}\/.*$/s, '');
}
