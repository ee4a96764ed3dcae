/** What S3, Databricks and SageMaker refuse, in one line each that says what to do. */

import { expect } from 'chai';
import { type ShownText, say } from '../../src/common/shown-text.js';
import { explainSageMaker } from '../../src/http/aws/refusals.js';
import type { TrackingArn } from '../../src/http/aws/tracking-arn.js';
import { explainWorkspace } from '../../src/http/databricks/refusals.js';
import type { Explain } from '../../src/http/exchange/outcome.js';
import { explainS3, readS3Refusal } from '../../src/mlflow/artifacts/s3-refusals.js';

const show = (text: string): ShownText => text as ShownText;

interface Refused {
  status: number;
  body?: string | object;
  headers?: Record<string, string>;
  path?: string;
}

/** Kind and reason. Undefined if the refusal is MLflow's own. */
function read(explain: Explain, { status, body = '', headers = {}, path = '/' }: Refused): string | undefined {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const failure = explain({ kind: 'answer', status, headers, body: text }, { url: say`http://there`, path, show });
  return failure && `${failure.kind}: ${failure.reason}`;
}

describe('a refusal of S3', () => {
  const explain = (errorCode: string, reason = errorCode, action: 's3:PutObject' | 's3:GetObject' = 's3:PutObject') =>
    explainS3(
      { kind: 'configuration', errorCode, reason: show(reason) },
      { action, bucket: say`b`, folder: say`f` },
    ).replace(/\(.*?\)/, '()');

  it('says what to change', () => {
    const keys = 'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile.';
    for (const code of ['InvalidAccessKeyId', 'InvalidToken', 'SignatureDoesNotMatch']) {
      expect(explain(code)).to.equal(`S3 does not accept the AWS credentials for s3://b/f (): ${keys}`);
    }
    for (const code of ['AuthorizationHeaderMalformed', 'PermanentRedirect', 'HTTP307']) {
      expect(explain(code)).to.equal(
        'The bucket b is in another region (): set AWS_REGION to the region of the bucket.',
      );
    }
    expect(explain('')).to.equal('S3 refuses to write to s3://b/f ().');
    const unnamed = { kind: 'rejected', reason: say`no` } as const;
    expect(explainS3(unnamed, { action: 's3:GetObject', bucket: say`b`, folder: say`f` })).to.equal(
      'S3 refuses to read from s3://b/f (no).',
    );
  });

  it('names the action on the KMS key that the request needs', () => {
    const needed = (...[code, reason, action]: Parameters<typeof explain>): string | undefined =>
      /allow (\S+) on the key/.exec(explain(code, reason, action))?.[1];
    expect(needed('KMS.DisabledException')).to.equal('kms:GenerateDataKey');
    expect(needed('KMS.DisabledException', 'disabled', 's3:GetObject')).to.equal('kms:Decrypt');
    expect(needed('AccessDenied', 'not allowed: kms:Encrypt')).to.equal('kms:Encrypt');
  });

  it('with the words of an outage is repeated after the pause that S3 wants', () => {
    const body = '<Error><Code>RequestTimeout</Code><Message>Too &lt;slow&gt;.</Message></Error>';
    const refused = { kind: 'answer', status: 400, headers: { 'retry-after': '2' }, body } as const;
    expect(readS3Refusal(refused, { url: say`http://s3`, path: '/', show })).to.deep.equal({
      kind: 'retryable',
      status: 400,
      errorCode: 'RequestTimeout',
      reason: 'S3 at http://s3 answered 400 (RequestTimeout: Too <slow>)',
      retryAfterMillis: 2000,
    });
  });
});

describe('a refusal of a Databricks workspace', () => {
  const explain = explainWorkspace(() => undefined);
  const SET = 'set DATABRICKS_HOST, or host in the profile, to the address of the workspace';
  const rows: [what: string, refused: Refused, said: string | undefined][] = [
    [
      'of credentials, without words',
      { status: 401 },
      'configuration: Databricks at http://there refuses the credentials of the token or headers option (401): replace them with valid ones of this workspace.',
    ],
    [
      'of a permission, without words',
      { status: 403, body: '<html>', headers: { 'content-type': 'text/html' } },
      'configuration: Databricks at http://there does not allow this (403): give the user or service principal of the token or headers option the permission CAN EDIT on the experiment, or MODIFY and SELECT on the tables of Unity Catalog.',
    ],
    [
      'that leads to no other page',
      { status: 302 },
      `configuration: http://there redirects to another place, as other pages of Databricks do: ${SET}.`,
    ],
    [
      'of a route, without words',
      { status: 404 },
      `configuration: http://there lacks a route that Databricks workspaces have (404): ${SET}.`,
    ],
    [
      'of a route, as JSON',
      { status: 404, body: { error_code: 'ENDPOINT_NOT_FOUND', error: 'No API' } },
      `configuration: http://there lacks a route that Databricks workspaces have (404: No API): ${SET}.`,
    ],
    ['of a trace is MLflow’s', { status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST' } }, undefined],
  ];
  for (const [what, refused, said] of rows) it(what, () => expect(read(explain, refused)).to.equal(said));

  it('says that credentials were read again', () => {
    const refused = { kind: 'answer', status: 401, headers: {}, body: '', isRenewed: true } as const;
    expect(explain(refused, { url: say`http://there`, path: '/', show })?.reason).to.contain(
      'option, also after they were read again (401)',
    );
  });
});

describe('a refusal of SageMaker', () => {
  const arn = (type: TrackingArn['type']): TrackingArn => ({
    text: `arn:${type}`,
    partition: 'aws',
    region: 'eu-west-1',
    account: '123456789012',
    type,
    id: 'x',
  });
  const server = explainSageMaker(arn('mlflow-tracking-server'), () => false);
  const app = explainSageMaker(arn('mlflow-app'), () => false);
  const error = (type: string, message: string): Refused => ({ status: 403, body: { __type: type, message } });

  it('is about an app that is stopped, failed or on its way', () => {
    const state = (message: string): string | undefined => read(app, error('ConflictException', message));
    expect(state('The MLflow app is stopped')).to.equal(
      'configuration: The MLflow app "x" at http://there is stopped: start it in the SageMaker console.',
    );
    expect(state('The MLflow app has status: create failed')).to.equal(
      'configuration: The MLflow app "x" at http://there is in a failed state: look at it in the SageMaker console.',
    );
    expect(state('The MLflow app is updating')).to.equal(
      'retryable: The MLflow app "x" at http://there is not ready yet',
    );
  });

  it('of an unnamed identity names the action that the policy must allow', () => {
    const allow = (explain: Explain): string | undefined =>
      /allow \S+ on/.exec(read(explain, error('AccessDenied', '')) ?? '')?.[0];
    expect(allow(app)).to.equal('allow sagemaker:CallMlflowAppApi on');
    expect(allow(server)).to.equal('allow sagemaker-mlflow:* on');
  });

  it('of an identity without any word on policies names both', () => {
    const message = 'User: arn:aws:iam::123456789012:user/ada is not authorized to perform: sagemaker-mlflow:GetTrace';
    expect(read(server, error('AccessDenied', message))).to.equal(
      'configuration: arn:aws:iam::123456789012:user/ada is not allowed to use sagemaker-mlflow:GetTrace on arn:mlflow-tracking-server (403): allow it in the IAM policy, as docs/managed-mlflow.md shows.',
    );
  });

  it('is MLflow’s own if it has an error code, is a page, or is no refusal', () => {
    expect(read(server, { status: 302, body: 'moved' })).to.equal(undefined);
    expect(read(server, { status: 404, body: '<html>', headers: { 'content-type': 'text/html' } })).to.equal(undefined);
    expect(read(server, { status: 400, body: { error_code: 'BAD_REQUEST', message: 'no' } })).to.equal(undefined);
    expect(read(server, { ...error('UnknownOperationException', ''), status: 404 })).to.equal(undefined);
  });

  it('of the time says by how much the clock of this machine is wrong, if the answer tells', () => {
    const skewOf = (seconds: number | undefined): string | undefined => {
      const date = seconds === undefined ? {} : { date: new Date(Date.now() + seconds * 1000).toUTCString() };
      const said = read(server, { ...error('RequestTimeTooSkewed', ''), headers: date });
      return /set the clock of this machine(.*)\.$/.exec(said ?? '')?.[1];
    };
    expect(skewOf(601)).to.match(/^, which is 60[01] s behind$/);
    expect(skewOf(-600)).to.match(/^, which is 60[01] s ahead$/);
    expect([skewOf(0), skewOf(undefined)]).to.deep.equal(['', '']);
  });

  it('without words is named by its type, and repeated during an outage', () => {
    expect(read(server, { ...error('InternalFailure', ''), status: 500 })).to.equal(
      'retryable: SageMaker at http://there answered 500 (InternalFailure)',
    );
    expect(read(server, { ...error('InternalFailure', 'Too busy. Later.'), status: 520 })).to.equal(
      'retryable: SageMaker at http://there answered 520 (Too busy)',
    );
    expect(read(server, error('OptInRequired', ''))).to.equal(
      'configuration: SageMaker at http://there refuses this (403: OptInRequired).',
    );
    expect(read(server, { ...error('ValidationException', 'Bad name.'), status: 400 })).to.equal('rejected: Bad name');
    const busy = {
      kind: 'answer',
      status: 429,
      headers: { 'retry-after': '3' },
      body: '{"__type":"Throttling"}',
    } as const;
    expect(server(busy, { url: say`http://there`, path: '/', show })).to.include({
      kind: 'retryable',
      retryAfterMillis: 3000,
    });
  });

  it('is read from XML only if that names a type', () => {
    expect(read(server, { status: 403, body: '<Error><Message>no</Message></Error>' })).to.equal(undefined);
    expect(read(server, { status: 403, body: '<Error><Code>OptInRequired</Code></Error>' })).to.equal(
      'configuration: SageMaker at http://there refuses this (403: OptInRequired).',
    );
  });
});
