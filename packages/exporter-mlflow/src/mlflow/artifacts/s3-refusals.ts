import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { firstSentence, readAwsError } from '../../http/aws/error.js';
import { type Explain, type Failure, parseRetryAfter } from '../../http/exchange/outcome.js';
import { OUTAGE_STATUSES } from '../../http/exchange/result.js';
import { isRegion } from './s3-address.js';

/** A refusal of S3. */
export interface S3Failure extends Failure {
  /** The region of the bucket, if the refusal names it. */
  bucketRegion?: string;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. Codes of outages that have the status of a refusal.
const OUTAGES: ReadonlySet<string> = new Set([
  'RequestTimeout',
  'OperationAborted',
  'IncompleteBody',
  'TooManyRequests',
]);

/**
 * Reads an answer of S3, which is XML. The error code is that of S3, or `HTTP` and the status without one. The reason is
 * code and first sentence only: what follows may be the whole request.
 */
export const readS3Refusal: Explain = (answer, { url, show }): S3Failure => {
  const { status, headers, body } = answer;
  const error = readAwsError(answer);
  const code = error?.type ?? `HTTP${status}`;
  const sentence = firstSentence(decodeXml(error?.message ?? ''));
  const region = regionIn(headers['x-amz-bucket-region'], body);
  const said = sentence === '' ? say`${ownText(code)}` : say`${ownText(code)}: ${show(sentence)}`;
  if (!OUTAGES.has(code) && !OUTAGE_STATUSES.has(status) && status <= 504) {
    return { kind: 'configuration', status, errorCode: code, reason: said, ...region };
  }
  const pause = parseRetryAfter(headers['retry-after']);
  return {
    kind: 'retryable',
    status,
    errorCode: code,
    reason: say`S3 at ${url} answered ${status} (${said})`,
    ...(pause === undefined ? {} : { retryAfterMillis: pause }),
  };
};

function regionIn(header: string | string[] | undefined, body: string): Pick<S3Failure, 'bucketRegion'> {
  const region = typeof header === 'string' ? header : /<Region>([^<]*)<\/Region>/.exec(body)?.[1];
  return region !== undefined && isRegion(region) ? { bucketRegion: region } : {};
}

/** What a request does with a folder. */
export type S3Action = 's3:PutObject' | 's3:GetObject';

/** What a message about a request names. */
interface Subject {
  action: S3Action;
  bucket: ShownText;
  /** The part of the key that all traces of an experiment have in common. */
  folder: ShownText;
}

// Without that permission, S3 does not tell absent files from forbidden ones.
const ABSENT = say` Or the file does not exist: with s3:ListBucket on the bucket, S3 would say so.`;
const KMS_ACTION = /\bkms:\w+/;

/** A refusal that is no outage, in one line that says what to do. */
export function explainS3({ errorCode = '', reason }: Failure, { action, bucket, folder }: Subject): ShownText {
  const [kmsAction] = KMS_ACTION.exec(reason) ?? [];
  const target = say`s3://${bucket}/${folder}`;
  const verb = action === 's3:PutObject' ? say`write to` : say`read from`;
  if (/^KMS\./.test(errorCode) || kmsAction !== undefined) {
    const needed = kmsAction ?? (action === 's3:PutObject' ? 'kms:GenerateDataKey' : 'kms:Decrypt');
    return say`S3 cannot use the KMS key of ${target} for this identity (${reason}): allow ${ownText(needed)} on the key, in its policy and in the identity's.`;
  }
  switch (errorCode) {
    case 'NoSuchBucket':
      return say`The bucket ${bucket}, in which MLflow keeps spans, does not exist (${reason}): create it, or correct the artifact root of the tracking server.`;
    case 'AccessDenied':
    case 'AllAccessDisabled':
    case 'HTTP403':
      return say`S3 does not let this identity ${verb} ${target} (${reason}): allow ${ownText(action)} there in its IAM policy, and check the policy of the bucket.${action === 's3:GetObject' ? ABSENT : say``}`;
    case 'ExpiredToken':
    case 'TokenRefreshRequired':
      return say`The AWS credentials for ${target} have expired (${reason}): renew them, for example with "aws sso login".`;
    case 'InvalidAccessKeyId':
    case 'InvalidToken':
    case 'SignatureDoesNotMatch':
      return say`S3 does not accept the AWS credentials for ${target} (${reason}): check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile.`;
    case 'RequestTimeTooSkewed':
      return say`The clock of this machine differs too much from that of S3 (${reason}): correct the clock.`;
    case 'AuthorizationHeaderMalformed':
    case 'PermanentRedirect':
    case 'TemporaryRedirect':
    case 'IllegalLocationConstraintException':
    case 'HTTP301':
    case 'HTTP307':
      return say`The bucket ${bucket} is in another region (${reason}): set AWS_REGION to the region of the bucket.`;
    default:
      return say`S3 refuses to ${verb} ${target} (${reason}).`;
  }
}

/** The text of an XML element. */
function decodeXml(text: string): string {
  const characters: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => characters[name] ?? '');
}
