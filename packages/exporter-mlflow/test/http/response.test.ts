import { expect } from 'chai';
import { say } from '../../src/common/shown-text.js';
import { classify, type Failure, parseRetryAfter } from '../../src/http/exchange/outcome.js';
import { describeError } from '../../src/http/exchange/result.js';
import { createRedactor } from '../../src/http/redact/redactor.js';

const SERVER = { url: say`http://mlflow`, show: createRedactor().show };

function answer(status: number, body = '', headers: Record<string, string> = {}): ReturnType<typeof classify> {
  return classify({ kind: 'answer', status, headers, body }, SERVER);
}

describe('classification of answers', () => {
  it('status 2xx is a success, but a web page is not', () => {
    expect(answer(200, '{}')).to.deep.equal({ kind: 'success', body: '{}', contentType: '' });
    const headers = { 'content-type': 'text/html; charset=utf-8' };
    for (const body of ['<html>', 'OK']) {
      expect(answer(200, body, headers)).to.deep.equal({
        kind: 'configuration',
        status: 200,
        foreign: '200',
        reason:
          'http://mlflow answers with a web page, not as an MLflow server: check trackingUri or MLFLOW_TRACKING_URI.',
      });
    }
    const version = { kind: 'answer', status: 200, headers, body: '3.17.2' } as const;
    expect(classify(version, SERVER, { plainText: true }).kind).to.equal('success');
    expect(classify({ ...version, body: '<html>' }, SERVER, { plainText: true }).kind).to.equal('configuration');
  });

  it('an outage is retryable', () => {
    for (const status of [408, 429, 500, 502, 503, 504, 520]) {
      expect(answer(status)).to.deep.equal({
        kind: 'retryable',
        status,
        reason: `MLflow at http://mlflow answered ${status}`,
      });
    }
    expect(answer(503, '{"error_code":"TEMPORARILY_UNAVAILABLE","message":"database is locked"}')).to.deep.equal({
      kind: 'retryable',
      status: 503,
      errorCode: 'TEMPORARILY_UNAVAILABLE',
      reason: 'MLflow at http://mlflow answered 503 (database is locked)',
    });
    expect(answer(429, '', { 'retry-after': '2' })).to.deep.include({ kind: 'retryable', retryAfterMillis: 2000 });
  });

  it('content that the server refuses is rejected', () => {
    expect(answer(422, '{"detail":"Failed to log OpenTelemetry spans"}')).to.deep.equal({
      kind: 'rejected',
      status: 422,
      reason: 'Failed to log OpenTelemetry spans',
    });
    expect(answer(400, '{"error_code":"INVALID_PARAMETER_VALUE","message":"too\\nlong"}')).to.deep.equal({
      kind: 'rejected',
      status: 400,
      errorCode: 'INVALID_PARAMETER_VALUE',
      reason: 'too long',
    });
    expect(answer(413)).to.deep.equal({ kind: 'rejected', status: 413, reason: 'status 413' });
  });

  it('a refusal with status 500 is no outage, and an outage with an error code is one', () => {
    const [one, two] = ['0af7651916cd43dd8448eb211c80319c', '4BF92F3577B34DA6A3CE929D0E0E4736'];
    const archived = `Cannot log spans to archived traces: 'tr-${one}', 'tr-${two}', 'tr-${one}'.`;
    expect(answer(500, JSON.stringify({ error_code: 'INVALID_STATE', message: archived }))).to.deep.equal({
      kind: 'rejected',
      status: 500,
      errorCode: 'INVALID_STATE',
      reason: archived,
      about: 'archived',
      namedIds: [one, two?.toLowerCase()],
    });
    for (const status of [500, 503]) {
      for (const code of ['INVALID_PARAMETER_VALUE', 'BAD_REQUEST', 'RESOURCE_DOES_NOT_EXIST']) {
        expect(answer(status, JSON.stringify({ error_code: code, message: 'no' })).kind).to.equal('rejected');
      }
      for (const code of ['INTERNAL_ERROR', 'TEMPORARILY_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'SOMETHING_NEW']) {
        expect(answer(status, JSON.stringify({ error_code: code, message: 'later' })).kind).to.equal('retryable');
      }
    }
  });

  it('a write that met the deletion of its trace is retryable, because a repetition creates the trace', () => {
    for (const message of [
      "Trace with ID 'tr-1' no longer exists.",
      'Cannot log spans to traces that no longer exist: 1.',
    ]) {
      const body = JSON.stringify({ error_code: 'RESOURCE_DOES_NOT_EXIST', message });
      expect(answer(404, body)).to.deep.include({ kind: 'retryable', status: 404 });
    }
    const other = '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"The endpoint no longer exists."}';
    expect(answer(404, other).kind).to.equal('rejected');
  });

  it('a missing route is unsupported, and a missing resource is rejected', () => {
    const html = { 'content-type': 'text/html' };
    const reason =
      'http://mlflow lacks a route that MLflow servers have (404): check trackingUri or MLFLOW_TRACKING_URI.';
    expect(answer(404, '<h1>Not Found</h1>', html)).to.deep.equal({ kind: 'unsupported', status: 404, reason });
    expect(answer(404, '{"detail":"Not Found"}').kind).to.equal('unsupported');
    expect(answer(501, '{"detail":"REST OTLP span logging is not supported by FileStore"}').kind).to.equal(
      'unsupported',
    );
    expect(answer(404, '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"No Experiment"}')).to.deep.equal({
      kind: 'rejected',
      status: 404,
      errorCode: 'RESOURCE_DOES_NOT_EXIST',
      reason: 'No Experiment',
    });
  });

  it('a made-up key, such as "x", hides no error code that decides what to do', () => {
    const { show } = createRedactor([{ text: 'x', isCredential: true }]);
    const body = '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"No experiment here"}';
    const result = { kind: 'answer', status: 404, headers: {}, body } as const;
    const expected = { kind: 'rejected', errorCode: 'RESOURCE_DOES_NOT_EXIST', reason: '[redacted]' };
    expect(classify(result, { ...SERVER, show })).to.deep.include(expected);
    const other = { ...result, status: 400, body: '{"error_code":"XYZ","message":"No"}' };
    expect(classify(other, { ...SERVER, show })).to.not.have.property('errorCode');
  });

  const settings: [string, ReturnType<typeof classify>, string][] = [
    [
      'wrong credentials',
      answer(401, 'You are not authenticated.'),
      'MLflow at http://mlflow refuses the credentials (401): set username and password (MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD), or token (MLFLOW_TRACKING_TOKEN).',
    ],
    [
      'a lack of permission',
      answer(403, 'Permission denied'),
      "MLflow at http://mlflow does not allow this (403: Permission denied): check the user's permissions, and --allowed-hosts of the server.",
    ],
    [
      'a redirect',
      answer(302, '', { location: 'https://user:pw@login.example.com/start?token=x' }),
      'http://mlflow redirects to https://login.example.com/start, and redirects are not followed: check trackingUri or MLFLOW_TRACKING_URI, and the credentials if that is a login page.',
    ],
    [
      'a workspace on a server without workspaces',
      answer(500, '{"error_code":"FEATURE_DISABLED","message":"Workspaces are off"}'),
      'MLflow at http://mlflow has this feature disabled (Workspaces are off): unset workspace or MLFLOW_WORKSPACE if it is set.',
    ],
    [
      'a certificate of an unknown authority',
      classify({ kind: 'no-answer', message: 'self-signed certificate', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, SERVER),
      'The certificate of http://mlflow is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT): set serverCertPath or MLFLOW_TRACKING_SERVER_CERT_PATH to its authority.',
    ],
  ];
  for (const [problem, outcome, reason] of settings) {
    it(`the reason says what to do about ${problem}`, () => {
      expect(outcome).to.deep.include({ kind: 'configuration', reason });
    });
  }

  it('the compiler refuses a reason that no redactor has seen', () => {
    const said: string = 'words of a server';
    // @ts-expect-error
    const failures: Failure[] = [{ kind: 'rejected', reason: said }];
    // @ts-expect-error
    expect(say`${said}`).to.equal(failures[0]?.reason);
  });

  it('no answer is an outage', () => {
    expect(classify({ kind: 'no-answer', message: 'socket hang up', code: 'ECONNRESET' }, SERVER)).to.deep.equal({
      kind: 'retryable',
      reason: 'MLflow at http://mlflow cannot be reached (socket hang up)',
    });
  });

  it('no answer has a reason, whatever the error is', () => {
    const reasons = [
      Object.assign(new Error('10.0.0.1:443, 10.0.0.2:443'), { code: 'UND_ERR_CONNECT_TIMEOUT' }),
      new AggregateError([new Error('connect ECONNREFUSED ::1:5000')]),
      Object.assign(new Error(''), { code: 'EPIPE' }),
      new Error(''),
    ].map(describeError);
    expect(reasons).to.deep.equal(['no answer in time', 'connect ECONNREFUSED ::1:5000', 'EPIPE', 'connection failed']);
  });

  it('a redirect without a target is named, too', () => {
    expect(answer(302)).to.deep.include({
      kind: 'configuration',
      reason: 'http://mlflow redirects to another place: check trackingUri or MLFLOW_TRACKING_URI.',
    });
    expect(answer(302, '', { location: 'http://[' }))
      .to.have.property('reason')
      .that.contains('redirects to http://[,');
  });

  it('Retry-After holds seconds or a date', () => {
    const now = Date.parse('2026-11-21T10:00:00Z');
    expect(parseRetryAfter('3', now)).to.equal(3000);
    expect(parseRetryAfter('Sat, 21 Nov 2026 10:00:05 GMT', now)).to.equal(5000);
    expect(parseRetryAfter('Sat, 21 Nov 2026 09:00:00 GMT', now)).to.equal(0);
    expect(parseRetryAfter('soon', now)).to.equal(undefined);
    expect(parseRetryAfter(undefined, now)).to.equal(undefined);
  });
});
