import { expect } from 'chai';
import { say } from '../../src/common/shown-text.js';
import { classify, type Explain, type Failure, parseRetryAfter } from '../../src/http/exchange/outcome.js';
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

  it('a success has the bytes of its body and the date of the server, if they are there', () => {
    const bytes = Uint8Array.of(1);
    const headers = { date: 'Sat, 21 Nov 2026 10:00:00 GMT', 'content-type': 'application/x' };
    expect(classify({ kind: 'answer', status: 200, headers, body: 'x', bytes }, SERVER)).to.deep.equal({
      kind: 'success',
      body: 'x',
      contentType: 'application/x',
      bytes,
      date: headers.date,
    });
    const page = answer(200, '{}', { 'content-type': 'application/json+text/html' });
    expect(page.kind).to.equal('success');
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

  it('a refusal says what it means for the trace', () => {
    const refusal = (message: string): ReturnType<typeof classify> =>
      answer(500, JSON.stringify({ error_code: 'BAD_REQUEST', message }));
    expect(refusal('Trace belongs to another experiment.')).to.deep.include({ about: 'elsewhere' });
    expect(refusal('The archived trace cannot change.')).to.deep.include({ about: 'archived' });
    expect(refusal('No.')).to.not.have.any.keys('about', 'lacksSpans');
    const lacks = answer(500, '{"message":"Trace data not stored in tracking store: tr-1"}');
    expect(lacks).to.deep.include({ kind: 'rejected', lacksSpans: true });
    expect(answer(500, '{"message":"Why is Trace data not stored in tracking store"}').kind).to.equal('retryable');
  });

  it('an error without a code or with an odd one keeps its message', () => {
    for (const code of [5, 'lower_case', 'A', 'ENDS BADLY', ' LEADS_BADLY']) {
      const outcome = answer(400, JSON.stringify({ error_code: code, message: 'no' }));
      expect(outcome, String(code)).to.deep.equal({ kind: 'rejected', status: 400, reason: 'no' });
    }
    const detail = [{ loc: ['body'], msg: 'Field required' }];
    expect(answer(422, JSON.stringify({ detail }))).to.deep.include({ reason: JSON.stringify(detail) });
    expect(answer(400, '[1]')).to.deep.include({ reason: '[1]' });
  });

  it('a refusal of access shows whether MLflow or something before it refused', () => {
    const html = { 'content-type': 'text/html' };
    const foreign = (body: string, headers = {}): unknown => (answer(403, body, headers) as Failure).foreign;
    for (const own of [
      'Permission denied',
      'Invalid Host header - possible attack',
      '{"error_code":"PERMISSION_DENIED"}',
    ])
      expect(foreign(own), own).to.equal(undefined);
    expect(foreign('Request blocked')).to.equal('403: Request blocked');
    expect(foreign('Sorry: Permission denied')).to.equal('403: Sorry: Permission denied');
    expect(foreign('<h1>Permission denied</h1>', html)).to.equal('403');
    expect(answer(302, '', { location: '/login' })).to.deep.include({ foreign: '302' });
  });

  it('words of a service before MLflow are read by the rules of that service', () => {
    const explain: Explain = ({ status }, { url, path, show }) =>
      status === 418 ? { kind: 'rejected', reason: say`${url}${show(path)}: ${show('pot')}` } : undefined;
    const server = { ...SERVER, explain };
    const result = { kind: 'answer', status: 418, headers: {}, body: '' } as const;
    expect(classify(result, server, { path: '/tea' })).to.deep.equal({
      kind: 'rejected',
      status: 418,
      reason: 'http://mlflow/tea: pot',
    });
    expect(classify(result, server)).to.deep.include({ reason: 'http://mlflow: pot' });
    expect(classify({ ...result, status: 413 }, server)).to.deep.include({ reason: 'status 413' });
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
    expect(answer(405).kind).to.equal('unsupported');
    expect(answer(405, '{"error_code":"NOT_FOUND","message":"No"}').kind).to.equal('unsupported');
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
      'a redirect to https',
      answer(301, '', { location: 'https://mlflow/api' }),
      'http://mlflow redirects to https://mlflow/api: use https:// in trackingUri or MLFLOW_TRACKING_URI.',
    ],
    [
      'a redirect to the same server',
      answer(300, '', { location: 'http://mlflow/ui?next=/#top' }),
      'http://mlflow redirects to http://mlflow/ui, and redirects are not followed: check trackingUri or MLFLOW_TRACKING_URI, and the credentials if that is a login page.',
    ],
    [
      'credentials of a function that are wrong again',
      classify({ kind: 'answer', status: 401, headers: {}, body: '', isRenewed: true }, SERVER),
      'MLflow at http://mlflow refuses the credentials (401), and so it did with those that the function of token or headers gave when asked again: correct what it gives.',
    ],
    [
      'a proxy that wants credentials',
      answer(407),
      'The proxy before http://mlflow refuses the credentials (407): put user name and password into http_proxy or HTTP_PROXY, as in http://user:password@host:port.',
    ],
    [
      'a workspace that does not exist',
      answer(404, `{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Workspace 'one' not found"}`),
      "MLflow at http://mlflow has no such workspace (Workspace 'one' not found): correct workspace or MLFLOW_WORKSPACE.",
    ],
    [
      'an answer that is too long',
      classify(
        { kind: 'no-answer', message: say`answer of more than 1 MB`, code: 'ANSWER_TOO_LONG', isOwn: true },
        SERVER,
      ),
      'http://mlflow sends an answer of more than 1 MB: check trackingUri or MLFLOW_TRACKING_URI, or ask for less.',
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

  it('no answer for lack of credentials, of a proxy or of a host says so', () => {
    const without = (code: string, server: object = {}): ReturnType<typeof classify> =>
      classify({ kind: 'no-answer', message: 'why', code }, { ...SERVER, ...server });
    expect(without('CREDENTIALS_MISSING')).to.deep.equal({ kind: 'configuration', reason: 'why' });
    expect(without('PROXY_REFUSED')).to.deep.equal({ kind: 'configuration', reason: 'why' });
    const noCredentials = 'at http://mlflow gets no credentials: why';
    expect(without('NO_CREDENTIALS')).to.deep.equal({ kind: 'retryable', reason: `MLflow ${noCredentials}` });
    expect(without('NO_CREDENTIALS', { name: say`S3` })).to.deep.include({ reason: `S3 ${noCredentials}` });
    const away = 'at http://mlflow cannot be reached (why)';
    const unknownHost = say`check the region.`;
    expect(without('ENOTFOUND')).to.deep.equal({ kind: 'retryable', reason: `MLflow ${away}` });
    expect(without('ENOTFOUND', { name: say`S3`, unknownHost })).to.deep.equal({
      kind: 'retryable',
      reason: `S3 ${away}: check the region.`,
    });
    expect(without('ECONNRESET', { unknownHost })).to.deep.include({ reason: `MLflow ${away}` });
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
    for (const none of [undefined, '', ' ']) expect(parseRetryAfter(none, now)).to.equal(undefined);
  });
});
