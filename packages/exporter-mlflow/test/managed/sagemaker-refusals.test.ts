/** What is wrong with the ARN of a tracking URI, and what AWS answers: one line each that says what to do. */

import { expect } from 'chai';
import { ownText } from '../../src/common/shown-text.js';
import { resolveConnection } from '../../src/http/connection.js';
import { classify } from '../../src/http/exchange/outcome.js';
import { type MlflowAwsCredentialsOption, MlflowClient, MlflowError } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { eachEnvironment } from '../support/environment.js';
import type { Answer } from '../support/local-server.js';

const SERVER = 'arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/demo';
const APP = 'arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-ABCDEFGHIJKL';
const TO =
  'set trackingUri or MLFLOW_TRACKING_URI to arn:aws:sagemaker:<region>:<account>:mlflow-tracking-server/<name>, or arn:aws:sagemaker:<region>:<account>:mlflow-app/<id>.';
const KEY = { accessKeyId: 'AKIAABCDEFGHIJKLMNOP', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG' };

describe('the ARN of a tracking URI', () => {
  const resolve = (trackingUri: string, env: NodeJS.ProcessEnv = {}): ReturnType<typeof resolveConnection> =>
    resolveConnection({ trackingUri, username: 'ada', password: 'x', token: 'y' }, env);

  it('names address and header, and user name, password and token have no effect', () => {
    const server = resolve(SERVER);
    expect(server.url).to.equal('https://eu-west-1.experiments.sagemaker.aws');
    expect(server.headers).to.deep.include({ 'x-mlflow-sm-tracking-server-arn': SERVER });
    expect(server.headers).not.to.have.property('authorization');
    const app = resolve(APP.replace('aws:', 'aws-us-gov:').replace('eu-west-1', 'us-gov-west-1'));
    expect(app.url).to.equal('https://mlflow.sagemaker.us-gov-west-1.app.aws');
    expect(app.headers).to.include.keys('x-sm-mlflow-app-arn');
    expect([server.service, app.service]).to.deep.equal(['sagemaker', 'sagemaker']);
  });

  it('gives way to SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT, in any partition', () => {
    const env = { SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT: 'https://vpce-1.example.com/mlflow/' };
    expect(resolve(SERVER, env).url).to.equal('https://vpce-1.example.com/mlflow');
    const china = SERVER.replace('aws:', 'aws-cn:').replace('eu-west-1', 'cn-north-1');
    expect(resolve(china, env).headers).to.deep.include({ 'x-mlflow-sm-tracking-server-arn': china });
  });

  const problems: [problem: string, uri: string, what: string, env?: Record<string, string>][] = [
    ['too short', 'arn:aws:sagemaker:eu-west-1', 'which has six parts with colons between them'],
    ['of a service alone', 'arn:aws:sagemaker', 'which has six parts with colons between them'],
    ['too long', `${SERVER}:1`, 'which has six parts with colons between them'],
    ['in capitals', SERVER.toUpperCase(), 'which begins with "arn:aws:" in lower case'],
    ['of another service', SERVER.replace('sagemaker', 's3'), 'its service is "s3" and not "sagemaker"'],
    ['without region', SERVER.replace('eu-west-1', ''), '"" is not a region such as us-east-1'],
    ['of a wrong region', SERVER.replace('eu-west-1', 'eu-west1'), '"eu-west1" is not a region such as us-east-1'],
    ['of a wrong account', SERVER.replace('789', ''), '"123456012" is not the number of an account, with 12 digits'],
    [
      'of an endpoint',
      SERVER.replace('mlflow-tracking-server', 'endpoint'),
      '"endpoint" is neither "mlflow-tracking-server" nor "mlflow-app"',
    ],
    ['without name', SERVER.replace('/demo', '/'), 'the name after "mlflow-tracking-server/" is missing'],
    ['without id', APP.replace(/\/.*/, ''), 'the id after "mlflow-app/" is missing'],
    ['with a wrong name', `${SERVER}/x y`, '"demo/x y" is not the name of a tracking server'],
    ['with a wrong id', `${APP}/x`, '"app-ABCDEFGHIJKL/x" is not the id of an app'],
  ];
  for (const [problem, uri, what] of problems) {
    it(`is refused ${problem}`, () => {
      expect(() => resolve(uri)).to.throw(
        MlflowError,
        new RegExp(`^${quoted(`MLflow tracking URI "${uri}" is not the ARN of MLflow in SageMaker, ${what}: ${TO}`)}$`),
      );
    });
  }

  const settings: [setting: string, uri: string, env: Record<string, string>, message: string][] = [
    [
      'a partition without an address',
      SERVER.replace('aws:', 'aws-cn:'),
      {},
      `MLflow tracking URI "${SERVER.replace('aws:', 'aws-cn:')}" is in the partition "aws-cn", for which AWS documents no address: set SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT to its https:// address, or use a server in the partition aws or aws-us-gov.`,
    ],
    [
      'an endpoint without a scheme',
      SERVER,
      { SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT: 'vpce-1.example.com' },
      'MLflow: SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT is not an address: set it to one that begins with https:// or http://, or unset it.',
    ],
    [
      'a role that is none',
      SERVER,
      { SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN: 'sender' },
      'MLflow: SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN is "sender", it must be the ARN of a role: arn:aws:iam::<account>:role/<name>.',
    ],
    [
      'a time that is none',
      SERVER,
      {
        SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN: 'arn:aws:iam::123456789012:role/a/sender',
        SAGEMAKER_MLFLOW_ASSUME_ROLE_TTL_SECONDS: '1h',
      },
      'MLflow: SAGEMAKER_MLFLOW_ASSUME_ROLE_TTL_SECONDS is "1h", it must be a number of seconds from 300 to 3600.',
    ],
  ];
  for (const [setting, uri, env, message] of settings) {
    it(`is refused with ${setting}`, () => {
      expect(() => resolve(uri, env)).to.throw(MlflowError, new RegExp(`^${quoted(message)}$`));
    });
  }
});

describe('a refusal of SageMaker', () => {
  const { startServer } = eachTest();
  const environment = eachEnvironment();

  const refusal = (status: number, type: string, message: string, headers = {}): Answer => ({
    status,
    headers: { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/com.amazon.coral.service/`, ...headers },
    body: JSON.stringify({ message }),
  });
  const user = (account: string): string => `arn:aws:sts::${account}:assumed-role/sender/web`;
  const CANONICAL = `The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.\n\nThe Canonical String for this request should have been\n'GET\n/api\nx-amz-security-token:SECRET-TOKEN`;
  const PROVIDER: MlflowAwsCredentialsOption = async () => KEY;

  interface Case {
    readonly answer: Answer;
    /** `SERVER` stands for the address. */
    readonly message: string;
    /** Default: 1. */
    readonly requests?: number;
    /** Default: that of a tracking server. */
    readonly uri?: string;
    /** Default: an identity that never changes. */
    readonly credentials?: MlflowAwsCredentialsOption;
  }
  const cases: Record<string, Case> = {
    'expired credentials that nothing renews': {
      answer: refusal(403, 'ExpiredTokenException', 'The security token included in the request is expired'),
      message:
        'The AWS credentials for SageMaker at SERVER have expired: start the application with new ones, or use a source that renews them, such as a role, AWS_PROFILE, or a provider in the option credentials.',
    },
    'expired credentials of a source that may renew them': {
      answer: refusal(403, 'ExpiredTokenException', 'The security token included in the request is expired'),
      credentials: PROVIDER,
      message:
        'The AWS credentials for SageMaker at SERVER have expired, and their source has no newer ones: renew them, for example with "aws sso login"',
      requests: 2,
    },
    'an unknown key': {
      answer: refusal(403, 'UnrecognizedClientException', 'The security token included in the request is invalid.'),
      credentials: PROVIDER,
      message:
        'AWS does not know the access key or the session token for SageMaker at SERVER: correct the credentials. Temporary ones need AWS_SESSION_TOKEN, too.',
    },
    'a wrong secret': {
      answer: refusal(403, 'InvalidSignatureException', CANONICAL),
      credentials: PROVIDER,
      message:
        'SageMaker at SERVER refuses the signature: correct the secret access key. If it is right, a proxy changes the requests.',
    },
    'another region': {
      answer: refusal(
        403,
        'InvalidSignatureException',
        "Credential should be scoped to a valid region, not 'eu-west-1'. ",
      ),
      message:
        'SageMaker at SERVER is not in the region eu-west-1: correct the region in trackingUri or MLFLOW_TRACKING_URI, or SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT.',
    },
    'another kind': {
      answer: refusal(
        403,
        'InvalidSignatureException',
        "Credential should be scoped to correct service: 'sagemaker-mlflow'. ",
      ),
      uri: APP,
      message:
        'SERVER is not the address of MLflow apps: correct trackingUri or MLFLOW_TRACKING_URI, or SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT.',
    },
    'a signature that a proxy removed': {
      answer: refusal(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token'),
      message:
        'SageMaker at SERVER got a request without its whole signature: let the proxies on the way pass the headers Authorization and X-Amz-*.',
    },
    'a missing permission': {
      answer: refusal(
        403,
        'AccessDeniedException',
        `User: ${user('123456789012')} is not authorized to perform: sagemaker-mlflow:GetExperimentByName on resource: ${SERVER} because no identity-based policy allows the sagemaker-mlflow:GetExperimentByName action`,
      ),
      message: `${user('123456789012')} is not allowed to use sagemaker-mlflow:GetExperimentByName on ${SERVER} (403, no identity-based policy allows it): allow it in the IAM policy, as docs/managed-mlflow.md shows.`,
    },
    'a permission that is denied': {
      answer: refusal(
        403,
        'AccessDeniedException',
        `User: ${user('123456789012')} is not authorized to perform: sagemaker:CallMlflowAppApi on resource: ${APP} with an explicit deny in a service control policy`,
      ),
      uri: APP,
      message: `${user('123456789012')} is not allowed to use sagemaker:CallMlflowAppApi on ${APP} (403, by an explicit deny in a service control policy): allow it in the IAM policy, as docs/managed-mlflow.md shows.`,
    },
    'another account': {
      answer: refusal(
        403,
        'AccessDeniedException',
        `User: ${user('999999999999')} is not authorized to access resource: ${SERVER}`,
      ),
      message:
        'The credentials are of AWS account 999999999999, and the tracking server of 123456789012 (403): use credentials of that account, or set SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN to a role there that may use sagemaker-mlflow:*.',
    },
    'a denial without a name': {
      answer: refusal(403, 'AccessDeniedException', 'Unable to determine service/operation name to be authorized'),
      message: `SageMaker at SERVER does not allow this (403: Unable to determine service/operation name to be authorized): allow sagemaker-mlflow:* on ${SERVER} in the IAM policy of the application, as docs/managed-mlflow.md shows.`,
    },
    'an unknown server': {
      answer: refusal(404, 'ResourceNotFoundException', `${SERVER} does not exist.`),
      message:
        'SageMaker at SERVER has no tracking server "demo" in account 123456789012: correct trackingUri or MLFLOW_TRACKING_URI.',
    },
    'an unknown server, as text': {
      answer: { status: 404, headers: { 'content-type': 'text/plain' }, body: 'Tracking server could not be found' },
      message:
        'SageMaker at SERVER has no tracking server "demo" in account 123456789012: correct trackingUri or MLFLOW_TRACKING_URI.',
    },
    'a stopped server': {
      answer: refusal(
        400,
        'ValidationException',
        `Tracking server ${SERVER} is not in a running state. Current state: Stopped`,
      ),
      message:
        'The tracking server "demo" at SERVER is stopped: run "aws sagemaker start-mlflow-tracking-server --tracking-server-name demo".',
    },
    'a server that is being deleted': {
      answer: refusal(400, 'ValidationException', 'Tracking server is in state Deleting'),
      message:
        'The tracking server "demo" at SERVER is being deleted: set trackingUri or MLFLOW_TRACKING_URI to another one.',
    },
    'a server that starts': {
      answer: refusal(400, 'ValidationException', `Tracking server ${SERVER} is currently in status Starting`),
      message: 'The tracking server "demo" at SERVER is not ready yet',
      requests: 2,
    },
    'too many requests': {
      answer: refusal(400, 'ThrottlingException', 'Rate exceeded'),
      message: 'SageMaker at SERVER answered 400 (Rate exceeded)',
      requests: 2,
    },
    'a fault of AWS': {
      answer: refusal(500, 'InternalServerException', 'Oops. Details that help nobody'),
      message: 'SageMaker at SERVER answered 500 (Oops)',
      requests: 2,
    },
    'a wrong clock that the answer does not tell': {
      answer: refusal(
        403,
        'InvalidSignatureException',
        'Signature expired: 20261130T000000Z is now earlier than 20261130T001000Z (20261130T001500Z - 5 min.)',
      ),
      message: 'SageMaker at SERVER refuses the time of the signature: set the clock of this machine.',
    },
    'a refusal that this package does not know': {
      answer: refusal(403, 'StrangeException', 'First sentence. x-amz-security-token:SECRET-TOKEN'),
      message: 'SageMaker at SERVER refuses this (403: First sentence).',
    },
    'a refusal without a type': {
      answer: { status: 403, body: '{"message":"Forbidden"}' },
      message: 'SageMaker at SERVER refuses this (403: Forbidden).',
    },
    'MLflow behind the front door': {
      answer: { status: 403, body: '{"error_code":"PERMISSION_DENIED","message":"Permission denied"}' },
      message:
        "MLflow at SERVER does not allow this (403: Permission denied): check the user's permissions, and --allowed-hosts of the server.",
    },
  };
  for (const [name, { answer, message, requests = 1, uri = SERVER, credentials = KEY }] of Object.entries(cases)) {
    it(`says what to do about ${name}`, async () => {
      const server = await startServer(() => answer);
      environment.set({ SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT: server.url });
      const retry = { maxRetries: 1, initialBackoffMillis: 1 };
      const client = new MlflowClient({ trackingUri: uri, credentials, retry });
      try {
        const error = await client.getExperimentByName('x').then(
          () => undefined,
          (thrown: MlflowError) => thrown,
        );
        expect(error?.message).to.equal(message.replaceAll('SERVER', server.url));
        expect(server.requests).to.have.length(requests);
      } finally {
        client.close();
      }
    });
  }

  it('is shown without secret key, session token and signature, even if its first sentence repeats them', async () => {
    const sessionToken = 'IQoJb3JpZ2luX2VjEXAMPLETOKEN/+=';
    const server = await startServer(({ headers }) => {
      const parts = [headers.authorization, headers['x-amz-security-token'], KEY.secretAccessKey, SERVER];
      return refusal(403, 'StrangeException', `The request was ${parts.join(' and ')}`);
    });
    environment.set({ SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT: server.url });
    const client = new MlflowClient({ trackingUri: SERVER, credentials: { ...KEY, sessionToken } });
    try {
      const error: unknown = await client.getExperimentByName('x').catch((thrown: unknown) => thrown);
      const [, signature = 'none'] = /Signature=(\w+)/.exec(server.requests[0]?.headers.authorization ?? '') ?? [];
      const { message } = error as MlflowError;
      for (const part of [KEY.accessKeyId, KEY.secretAccessKey, sessionToken, signature]) {
        expect(message).not.to.include(part.slice(4, 16));
      }
      expect(message).to.include('The request was').and.to.include('[redacted]');
    } finally {
      client.close();
    }
  });

  it('is not what a region without MLflow answers: its host does not exist', () => {
    const { url, unknownHost } = resolveConnection({ trackingUri: SERVER }, {});
    const message = 'getaddrinfo ENOTFOUND eu-west-1.experiments.sagemaker.aws';
    const result = { kind: 'no-answer', code: 'ENOTFOUND', message } as const;
    expect(classify(result, { url, unknownHost, show: (text) => ownText(text) })).to.deep.equal({
      kind: 'retryable',
      reason: `MLflow at ${url} cannot be reached (${message}): correct the region "eu-west-1" in trackingUri or MLFLOW_TRACKING_URI if SageMaker has no MLflow there`,
    });
  });
});

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
