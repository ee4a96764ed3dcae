import { expect } from 'chai';
import { type SageMakerGateway, startSageMakerGateway } from '../src/managed/gateway.js';
import { makeKey } from '../src/managed/keys.js';
import { sendSigned, type ToSign } from './support/signed-request.js';

describe('the stand-ins for S3 and STS', () => {
  let gateway: SageMakerGateway;

  before(async () => {
    gateway = await startSageMakerGateway({ mlflow: 'http://127.0.0.1:9', keys: [makeKey({ isTemporary: true })] });
  });
  after(() => gateway.close());

  const put = (changes: Partial<ToSign> = {}): Promise<Response> =>
    sendSigned({
      url: gateway.s3.url,
      method: 'PUT',
      path: '/traces/a%20b%2Bc/%C3%BC/traces.json',
      body: '{"spans":[]}',
      headers: { 'content-type': 'application/json' },
      key: gateway.key,
      service: 's3',
      region: 'us-east-1',
      ...changes,
    });
  const refusal = async (changes: Partial<ToSign>): Promise<string> => {
    const answer = await put(changes);
    return `${answer.status} ${/<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1]}`;
  };

  it('stores and returns objects whose names have special characters', async () => {
    expect((await put()).status).to.equal(200);

    expect(await gateway.s3.objects()).to.deep.equal(['traces/a b+c/ü/traces.json']);
    expect(await gateway.s3.read('traces/a b+c/ü/traces.json')).to.equal('{"spans":[]}');
    const answer = await put({ method: 'GET', body: undefined });
    expect(await answer.text()).to.equal('{"spans":[]}');
    const [first] = await gateway.s3.requests();
    expect(first).to.include({ method: 'PUT', status: 200, verified: true, keyId: gateway.key.id });
  });

  it('refuses what S3 refuses', async () => {
    const { token: _, ...withoutToken } = gateway.key;

    expect(await refusal({ key: makeKey() })).to.equal('403 InvalidAccessKeyId');
    expect(await refusal({ key: withoutToken })).to.equal('400 InvalidToken');
    expect(await refusal({ key: { ...gateway.key, secret: 'other' } })).to.equal('403 SignatureDoesNotMatch');
    expect(await refusal({ region: 'eu-west-1' })).to.equal('400 AuthorizationHeaderMalformed');
    expect(await refusal({ service: 'sagemaker' })).to.equal('400 AuthorizationHeaderMalformed');
    expect(await refusal({ at: new Date(Date.now() - 16 * 60_000) })).to.equal('403 RequestTimeTooSkewed');
    expect(await refusal({ path: '/other/traces.json' })).to.equal('404 NoSuchBucket');
    expect(await refusal({ path: '/traces/a+b' }), 'a plus sign that is not encoded').to.equal(
      '403 SignatureDoesNotMatch',
    );
    const spoilBody: ToSign['spoil'] = (request) => {
      request.body = '{"spans":[0]}';
    };
    expect(await refusal({ spoil: spoilBody })).to.equal('400 XAmzContentSHA256Mismatch');
  });

  it('gives the keys of a role, which the other services accept', async () => {
    const assume = (session: string): Promise<Response> =>
      sendSigned({
        url: gateway.sts.url,
        method: 'POST',
        path: '/',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/sender&RoleSessionName=${session}`,
        key: gateway.key,
        service: 'sts',
        region: 'eu-central-1',
      });

    const answer = await (await assume('mine')).text();

    const part = (name: string): string => new RegExp(`<${name}>(.*)</${name}>`).exec(answer)?.[1] ?? '';
    const key = { id: part('AccessKeyId'), secret: part('SecretAccessKey'), token: part('SessionToken') };
    expect((await put({ key })).status).to.equal(200);
    expect(part('Arn')).to.equal('arn:aws:sts::123456789012:assumed-role/sender/mine');
    expect((await gateway.sts.requests())[0]).to.include({ session: 'mine', verified: true });
  });
});
