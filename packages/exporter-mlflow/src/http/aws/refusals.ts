import { isRecord, parseJson } from '../../common/json.js';
import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { type Explain, type Failure, parseRetryAfter } from '../exchange/outcome.js';
import { type HttpAnswer, OUTAGE_STATUSES } from '../exchange/result.js';
import { explainDenial } from './denials.js';
import { type AwsError, firstSentence, mendableCauseOf, readAwsError } from './error.js';
import type { Refusal } from './refusal.js';
import { explainState } from './server-state.js';
import { nameOfKind, type TrackingArn } from './tracking-arn.js';

// Refusals in known words are short. What follows is the request.
const MAX_READ_LENGTH = 4096;

/** Returns undefined if the refusal is about something else. */
type Reading = (refusal: Refusal) => Failure | undefined;

/**
 * Reads refusals of SageMaker's front door. A refusal of a wrong signature may quote the whole request with its
 * credentials, so a message shows at most the first sentence. Answers of MLflow behind the front door are left to others.
 *
 * @param isFixed whether the application cannot get other credentials while it runs
 */
export function explainSageMaker(arn: TrackingArn, isFixed: () => boolean): Explain {
  return (answer, { url, show }) => {
    if (answer.status < 400) return undefined;
    const error = readAwsError(answer) ?? readUntyped(answer);
    if (error === undefined) return undefined;
    const refusal: Refusal = { error, answer, arn, url, show, isFixed: isFixed() };
    for (const read of READINGS) {
      const failure = read(refusal);
      if (failure !== undefined) return failure;
    }
    return undefined;
  };
}

/** A refusal without a type: JSON with a message, or a text. MLflow's own JSON has an error code. */
function readUntyped({ status, headers, body }: HttpAnswer): AwsError | undefined {
  const parsed = parseJson(body);
  if (!isRecord(parsed)) {
    const isHtml = /^text\/html/i.test(headers['content-type'] ?? '');
    return isHtml ? undefined : { type: '', message: body.slice(0, MAX_READ_LENGTH) };
  }
  const message = parsed['message'] ?? parsed['Message'];
  if (typeof message !== 'string' || parsed['error_code'] !== undefined) return undefined;
  return { type: `HTTP${status}`, message: message.slice(0, MAX_READ_LENGTH) };
}

/** A reading for errors of these types, and for errors with these words, whatever their type is. */
function reading(
  types: RegExp | undefined,
  words: RegExp | undefined,
  explain: (refusal: Refusal) => Failure,
): Reading {
  return (refusal) => {
    const { type, message } = refusal.error;
    return types?.test(type) || words?.test(message) ? explain(refusal) : undefined;
  };
}

function configuration(reason: ShownText): Failure {
  return { kind: 'configuration', reason };
}

function ofCredentials(reason: ShownText, kind: Failure['kind'] = 'configuration'): Failure {
  return { kind, reason, ofCredentials: true };
}

const readTime: Reading = ({ error, answer, url }) =>
  mendableCauseOf(error) === 'time'
    ? ofCredentials(
        say`SageMaker at ${url} refuses the time of the signature: set the clock of this machine${skewOf(answer)}.`,
      )
    : undefined;

function skewOf({ headers: { date } }: HttpAnswer): ShownText {
  const seconds = Math.round((Date.parse(date ?? '') - Date.now()) / 1000);
  if (!(Math.abs(seconds) > 1)) return say``;
  return seconds > 0 ? say`, which is ${seconds} s behind` : say`, which is ${-seconds} s ahead`;
}

/** The first that knows the refusal decides. Types are those that AWS services share, words those of Signature V4. */
const READINGS: readonly Reading[] = [
  readTime,
  reading(
    /^ExpiredToken|^TokenRefreshRequired/,
    /security token included in the request is expired/i,
    ({ url, isFixed }) =>
      isFixed
        ? ofCredentials(
            say`The AWS credentials for SageMaker at ${url} have expired: start the application with new ones, or use a source that renews them, such as a role, AWS_PROFILE, or a provider in the option credentials.`,
          )
        : ofCredentials(
            say`The AWS credentials for SageMaker at ${url} have expired, and their source has no newer ones: renew them, for example with "aws sso login"`,
            'retryable',
          ),
  ),
  reading(
    /^UnrecognizedClient|^InvalidClientTokenId|^InvalidAccessKeyId|^InvalidToken/,
    /security token included in the request is invalid/i,
    ({ url }) =>
      ofCredentials(
        say`AWS does not know the access key or the session token for SageMaker at ${url}: correct the credentials. Temporary ones need AWS_SESSION_TOKEN, too.`,
      ),
  ),
  reading(undefined, /scoped to a valid region/i, ({ url, arn }) =>
    configuration(
      say`SageMaker at ${url} is not in the region ${ownText(arn.region)}: correct the region in trackingUri or MLFLOW_TRACKING_URI, or SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT.`,
    ),
  ),
  reading(undefined, /scoped to (?:the )?correct service/i, ({ url, arn }) =>
    configuration(
      say`${url} is not the address of ${nameOfKind(arn)}s: correct trackingUri or MLFLOW_TRACKING_URI, or SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT.`,
    ),
  ),
  reading(/^InvalidSignature|^SignatureDoesNotMatch/, /signature we calculated does not match/i, ({ url }) =>
    ofCredentials(
      say`SageMaker at ${url} refuses the signature: correct the secret access key. If it is right, a proxy changes the requests.`,
    ),
  ),
  reading(/^MissingAuthenticationToken|^IncompleteSignature/, /missing authentication token/i, ({ url }) =>
    ofCredentials(
      say`SageMaker at ${url} got a request without its whole signature: let the proxies on the way pass the headers Authorization and X-Amz-*.`,
    ),
  ),
  reading(/^Throttl|^TooManyRequests|^RequestLimitExceeded|^RequestThrottled|^SlowDown/, /^rate exceeded/i, outage),
  explainDenial,
  explainState,
  reading(/^ResourceNotFound/, /(?:tracking server|app) (?:could not be found|does not exist)/i, ({ url, arn }) =>
    configuration(
      say`SageMaker at ${url} has no ${nameOfKind(arn)} "${ownText(arn.id)}" in account ${ownText(arn.account)}: correct trackingUri or MLFLOW_TRACKING_URI.`,
    ),
  ),
  readOther,
];

/** Other errors with a type. A route that is missing is for others to read. */
function readOther(refusal: Refusal): Failure | undefined {
  const { error, answer, url, show } = refusal;
  const { status } = answer;
  if (error.type === '' || [404, 405, 501].includes(status)) return undefined;
  if (OUTAGE_STATUSES.has(status) || status > 504) return outage(refusal);
  const said = show(firstSentence(error.message) || error.type);
  if (status === 401 || status === 403)
    return configuration(say`SageMaker at ${url} refuses this (${status}: ${said}).`);
  return { kind: 'rejected', reason: said };
}

function outage({ error, answer, url, show }: Refusal): Failure {
  const pause = parseRetryAfter(answer.headers['retry-after']);
  const said = show(firstSentence(error.message) || error.type);
  return {
    kind: 'retryable',
    reason: say`SageMaker at ${url} answered ${answer.status} (${said})`,
    ...(pause === undefined ? {} : { retryAfterMillis: pause }),
  };
}
