import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { type HttpServer, listen } from '../src/http-server.js';
import { denies, withoutOtlp } from '../src/managed/answers.js';
import { type SageMakerGateway, startSageMakerGateway } from '../src/managed/gateway.js';
import { makeKey } from '../src/managed/keys.js';
import { sendSigned, type ToSign } from './support/signed-request.js';

interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Changes = Partial<Pick<ToSign, 'key' | 'service' | 'region' | 'at' | 'headers' | 'query' | 'spoil'>> & {
  /** The header that names the server. */
  readonly arn?: Record<string, string>;
};

describe('the stand-in for SageMaker', () => {
  let gateway: SageMakerGateway;
  let target: HttpServer;
  let seen: Seen[] = [];

  before(async () => {
    target = await listen(async (request, response) => {
      seen.push({ url: request.url ?? '', headers: request.headers, body: await text(request) });
      response.writeHead(201, { 'x-from': 'target', 'content-type': 'text/plain' }).end('answer');
    });
    gateway = await startSageMakerGateway({ mlflow: target.url });
  });
  after(async () => {
    await gateway.close();
    await target.close();
  });
  beforeEach(async () => {
    seen = [];
    await gateway.forgetRequests();
    await gateway.setKeys([gateway.key]);
    await gateway.setAnswers([]);
  });

  /** Sends a request as Smithy signs it. */
  const send = ({ arn, headers, ...changes }: Changes = {}): Promise<Response> =>
    sendSigned({
      url: gateway.url,
      method: 'POST',
      path: '/api/2.0/a%20b',
      body: 'content of a request',
      key: gateway.key,
      service: 'sagemaker-mlflow',
      region: 'us-east-1',
      headers: {
        'content-type': 'text/plain',
        ...(arn ?? { 'x-mlflow-sm-tracking-server-arn': gateway.serverArn }),
        ...headers,
      },
      ...changes,
    });
  const refusal = async (changes: Changes): Promise<[status: number, type: string | null, message: string]> => {
    const answer = await send(changes);
    expect(seen, 'what was forwarded').to.deep.equal([]);
    const { message } = (await answer.json()) as { message: string };
    return [answer.status, answer.headers.get('x-amzn-errortype'), message];
  };

  it('forwards a signed request unchanged and returns the answer', async () => {
    const answer = await send({
      query: { name: 'a b+c%d/é*~', empty: '' },
      headers: { 'x-mlflow-experiment-id': '7' },
    });

    expect([answer.status, answer.headers.get('x-from'), await answer.text()]).to.deep.equal([201, 'target', 'answer']);
    const [request] = seen;
    expect(request?.url).to.equal('/api/2.0/a%20b?name=a%20b%2Bc%25d%2F%C3%A9*~&empty=');
    expect(request?.body).to.equal('content of a request');
    expect(request?.headers['x-mlflow-experiment-id']).to.equal('7');
    const [logged] = await gateway.requests();
    expect(logged).to.include({ path: '/api/2.0/a%20b', status: 201, verified: true, keyId: gateway.key.id });
  });

  it('accepts servers and apps, each with its own header and service', async () => {
    const app = { 'x-sm-mlflow-app-arn': gateway.appArn };

    expect((await send({ service: 'sagemaker', arn: app })).status, 'app').to.equal(201);
    expect((await send({ service: 'sagemaker-mlflow', arn: app })).status, 'app with the service of servers').to.equal(
      403,
    );
    expect((await send({ service: 'sagemaker' })).status, 'server with the service of apps').to.equal(403);
  });

  it('quotes the whole canonical request with the session token if the signature is wrong', async () => {
    const key = makeKey({ isTemporary: true });
    await gateway.setKeys([key]);

    const [status, type, message] = await refusal({ key: { ...key, secret: makeKey().secret } });

    expect([status, type]).to.deep.equal([403, 'InvalidSignatureException']);
    expect(message).to.match(/^The request signature we calculated does not match the signature you provided\. /);
    expect(message).to.include(`x-amz-security-token:${key.token}`);
    expect(message).to.include('/api/2.0/a%2520b');
    expect((await send({ key })).status).to.equal(201);
  });

  const SPOILED: Record<string, NonNullable<Changes['spoil']>> = {
    'another body': (request) => {
      request.body = 'Content of a request';
    },
    'another path': (request) => {
      request.path = request.path.replace('2.0', '3.0');
    },
    'another query': (request) => {
      request.path += '&more=1';
    },
    'another ARN': ({ headers }) => {
      headers['x-mlflow-sm-tracking-server-arn'] += 'o';
    },
    'no ARN': ({ headers }) => {
      delete headers['x-mlflow-sm-tracking-server-arn'];
    },
    'no hash': ({ headers }) => {
      delete headers['x-amz-content-sha256'];
    },
    'another date': ({ headers }) => {
      headers['x-amz-date'] = `${headers['x-amz-date']?.slice(0, -1)}X`;
    },
    'an unsigned header of AWS': ({ headers }) => {
      headers['x-amz-target'] = 'Other';
    },
  };
  for (const [what, spoil] of Object.entries(SPOILED)) {
    it(`refuses a request with ${what} after signing`, async () => {
      const [status] = await refusal({ spoil });

      expect(status).to.equal(403);
    });
  }

  it('refuses a signature over what front doors strip', async () => {
    const [, , message] = await refusal({ headers: { traceparent: '00-1-2-01' } });

    expect(message).to.match(/^The request signature we calculated does not match/);
  });

  it('refuses wrong scopes, clocks and keys as AWS does', async () => {
    const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
    const expired = makeKey({ isTemporary: true, expires: Date.now() / 1_000 - 1 });
    const valid = makeKey({ isTemporary: true });
    await gateway.setKeys([gateway.key, expired, valid]);
    const { token: _, ...withoutToken } = valid;

    const [, , region] = await refusal({ region: 'us-west-2' });
    const [, , service] = await refusal({ service: 'sagemaker' });
    const [, , late] = await refusal({ at: minutesAgo(6) });
    const [, , early] = await refusal({ at: minutesAgo(-6) });
    const [, unknownType, unknown] = await refusal({ key: makeKey() });
    const [, , tokenless] = await refusal({ key: withoutToken });
    const [, expiredType] = await refusal({ key: expired });
    const withArn = (arn: string): Changes => ({ arn: { 'x-mlflow-sm-tracking-server-arn': arn } });
    const [, deniedType] = await refusal(withArn(gateway.serverArn.replace('1234', '9999')));
    const [missingStatus] = await refusal(withArn(`${gateway.serverArn}2`));

    expect(region).to.equal("Credential should be scoped to a valid region, not 'us-west-2'. ");
    expect(service).to.equal("Credential should be scoped to correct service: 'sagemaker-mlflow'. ");
    expect(late).to.match(/^Signature expired: \w+ is now earlier than \w+ \(\w+ - 5 min\.\)$/);
    expect(early).to.match(/^Signature not yet current: /);
    expect([unknownType, unknown]).to.deep.equal([
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    ]);
    expect(tokenless).to.equal(unknown);
    expect(expiredType).to.equal('ExpiredTokenException');
    expect(deniedType).to.equal('AccessDeniedException');
    expect(missingStatus).to.equal(404);
  });

  it('has a clock of its own, which each answer shows', async () => {
    await gateway.setClockOffset(3600);
    const [, , late] = await refusal({});
    const answer = await send({ at: new Date(Date.now() + 3_600_000) });
    await gateway.setClockOffset(0);

    expect(late).to.match(/^Signature expired: /);
    expect(Date.parse(answer.headers.get('date') ?? '') - Date.now()).to.be.closeTo(3_600_000, 10_000);
  });

  it('answers what the test wants, holds and drops requests', async () => {
    const { serverArn } = gateway;
    const path = '/api/2\\.0/a%20b';
    await gateway.setAnswers([
      { path, times: 1, status: 0 },
      { ...withoutOtlp(501), path, times: 1 },
      { ...denies('CreateExperiment', serverArn), path, times: 1 },
      { path, hold: true },
    ]);

    const dropped = await send().catch((error: Error) => error.name);
    const off = await send();
    const denied = (await (await send()).json()) as { message: string };
    let isAnswered = false;
    const held = send().then((answer) => {
      isAnswered = true;
      return answer;
    });
    await gateway.held();
    expect(isAnswered).to.equal(false);
    await gateway.release();

    expect(dropped).to.equal('TypeError');
    expect(off.status).to.equal(501);
    expect(denied.message).to.match(/^User: arn:\S+ is not authorized to perform: sagemaker-mlflow:CreateExperiment /);
    expect((await held).status).to.equal(201);
  });
});
