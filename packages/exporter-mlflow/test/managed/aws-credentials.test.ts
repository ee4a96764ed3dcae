/** Where credentials of AWS come from, and when they are looked up again, with the providers of the AWS SDK. */

import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromIni, fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { expect } from 'chai';
import { listen } from 'testing/http-server.js';
import { type AwsKey, environmentOf, makeKey, WITHOUT_ACCOUNT } from 'testing/managed/keys.js';
import { runningTime } from '../../src/common/running-time.js';
import { type AwsAccess, createAwsAccess } from '../../src/http/aws/access.js';
import { createAwsClock } from '../../src/http/aws/clock.js';
import { createAwsPackages } from '../../src/http/aws/packages.js';
import type { Authorization, Authorizer } from '../../src/http/exchange/authorizer.js';
import type { HttpAnswer } from '../../src/http/exchange/result.js';
import { type MlflowAwsCredentialsOption, MlflowClient } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { eachEnvironment } from '../support/environment.js';
import { traceGlobally } from '../support/global-tracing.js';

const ARN = 'arn:aws:sagemaker:us-east-1:123456789012:mlflow-tracking-server/demo';
const MINUTE = 60_000;
const SOURCES = [
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE', 'AWS_ROLE_ARN'],
  ...['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
  ...['AWS_CONTAINER_AUTHORIZATION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'],
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
];

/** The answer of STS to AssumeRole. */
function assumed({ id, secret, token }: AwsKey): string {
  return `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>${token}</SessionToken><Expiration>${new Date(Date.now() + 60 * MINUTE).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
}

describe('credentials of AWS', () => {
  const { closing, startServer } = eachTest();
  const environment = eachEnvironment();
  let folder: string;
  let minutes: number;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aws-credentials-'));
    closing.push(() => rm(folder, { recursive: true }));
    environment.set({ ...Object.fromEntries(SOURCES.map((name) => [name, undefined])), ...WITHOUT_ACCOUNT });
    minutes = 0;
  });

  const start = (credentials?: MlflowAwsCredentialsOption): AwsAccess =>
    createAwsAccess(
      credentials,
      createAwsPackages(),
      createAwsClock(() => Date.now() + minutes * MINUTE),
    );
  const signerOf = (aws: AwsAccess): Authorizer => aws.authorizer({ service: 's3', region: 'us-east-1' });

  async function authorize(signer: Authorizer, limitMillis = 10_000): Promise<Authorization> {
    const request = { method: 'GET', url: 'https://traces.example.com/', headers: {} } as const;
    return signer.authorize(request, runningTime() + limitMillis, () => Promise.reject(new Error('not needed')));
  }

  /** The id of the key with which a request is signed, and its token; or why it is not. */
  async function used(signer: Authorizer): Promise<(string | undefined)[]> {
    const authorization = await authorize(signer);
    if (authorization.kind === 'none') return [authorization.reason];
    const { headers } = authorization;
    const [, id] = /Credential=(\w+)/.exec(headers['authorization'] ?? '') ?? [];
    return [id, ...(headers['x-amz-security-token'] === undefined ? [] : [headers['x-amz-security-token']])];
  }

  /** What the signer does about a refusal of the request that it has just signed. */
  async function renew(signer: Authorizer, type = 'ExpiredTokenException'): Promise<boolean> {
    const authorization = await authorize(signer);
    if (authorization.kind === 'none') throw new Error(authorization.reason);
    const refusal: HttpAnswer = { kind: 'answer', status: 403, headers: { 'x-amzn-errortype': type }, body: '{}' };
    return signer.renew(refusal, runningTime() + 10_000, authorization.headers);
  }

  async function writeProfile(lines: Record<string, string>): Promise<void> {
    const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}`);
    await writeFile(join(folder, 'config'), ['[profile traces]', ...text, ''].join('\n'));
    environment.set({ AWS_PROFILE: 'traces', AWS_CONFIG_FILE: join(folder, 'config') });
  }
  const keyLines = ({ id, secret, token }: AwsKey): Record<string, string> => ({
    aws_access_key_id: id,
    aws_secret_access_key: secret,
    ...(token === undefined ? {} : { aws_session_token: token }),
  });

  /** A `credential_process` that prints the content of a file, and counts its runs. */
  async function startProcess(): Promise<{
    print(key: AwsKey, expiration?: Date): Promise<void>;
    runs(): Promise<number>;
  }> {
    const [program, output, count] = ['process.mjs', 'output.json', 'count'].map((name) => join(folder, name));
    await writeFile(
      String(program),
      `import fs from 'node:fs'; fs.appendFileSync(${JSON.stringify(count)}, '.'); console.log(fs.readFileSync(${JSON.stringify(output)}, 'utf8'));`,
    );
    await appendFile(String(count), '');
    await writeProfile({ credential_process: `"${process.execPath}" "${program}"` });
    return {
      print: ({ id, secret, token }, expiration) =>
        writeFile(
          String(output),
          JSON.stringify({
            Version: 1,
            AccessKeyId: id,
            SecretAccessKey: secret,
            SessionToken: token,
            Expiration: expiration,
          }),
        ),
      runs: async () => (await readFile(String(count), 'utf8')).length,
    };
  }

  it('come from the environment', async () => {
    const key = makeKey({ isTemporary: true });
    environment.set(environmentOf(key));
    expect(await used(signerOf(start()))).to.deep.equal([key.id, key.token]);
  });

  it('come from a profile, which takes effect within a minute after it is rewritten', async () => {
    const [first, second] = [makeKey(), makeKey({ isTemporary: true })];
    await writeProfile(keyLines(first));
    const signer = signerOf(start());
    expect(await used(signer)).to.deep.equal([first.id]);
    await writeProfile(keyLines(second));
    expect(await used(signer), 'at once').to.deep.equal([first.id]);
    minutes = 1.1;
    expect(await used(signer), 'after a minute').to.deep.equal([second.id, second.token]);
  });

  it('are others after a refusal only if their source has others', async () => {
    const [first, second] = [makeKey(), makeKey()];
    await writeProfile(keyLines(first));
    const signer = signerOf(start());
    expect(await renew(signer), 'the same').to.equal(false);
    await writeProfile(keyLines({ ...first, secret: second.secret }));
    expect(await renew(signer, 'SignatureDoesNotMatch'), 'another secret').to.equal(true);
    await writeProfile(keyLines(second));
    expect(await renew(signer, 'AccessDeniedException'), 'a refusal that is about something else').to.equal(false);
    expect(await renew(signer), 'another key').to.equal(true);
    expect(await used(signer)).to.deep.equal([second.id]);
  });

  it('that others have renewed meanwhile are enough for requests that were refused before', async () => {
    const [first, second] = [makeKey(), makeKey()];
    await writeProfile(keyLines(first));
    const signer = signerOf(start());
    const sent = [await authorize(signer), await authorize(signer)];
    await writeProfile(keyLines(second));
    const refusal: HttpAnswer = {
      kind: 'answer',
      status: 403,
      headers: { 'x-amzn-errortype': 'ExpiredToken' },
      body: '',
    };
    for (const authorization of sent) {
      const headers = authorization.kind === 'headers' ? authorization.headers : {};
      expect(await signer.renew(refusal, runningTime() + 10_000, headers)).to.equal(true);
    }
  });

  it('of a process are looked up again five minutes before their end', async () => {
    const [first, second] = [makeKey({ isTemporary: true }), makeKey({ isTemporary: true })];
    const source = await startProcess();
    await source.print(first, new Date(Date.now() + 60 * MINUTE));
    const signer = signerOf(start());
    expect(await used(signer)).to.deep.equal([first.id, first.token]);
    await source.print(second, new Date(Date.now() + 120 * MINUTE));
    minutes = 54;
    expect(await used(signer)).to.deep.equal([first.id, first.token]);
    expect(await source.runs()).to.equal(1);
    minutes = 56;
    expect(await used(signer)).to.deep.equal([second.id, second.token]);
    expect(await source.runs()).to.equal(2);
  });

  it('remain in use to their end if their source fails', async () => {
    const key = makeKey({ isTemporary: true });
    const source = await startProcess();
    await source.print(key, new Date(Date.now() + 60 * MINUTE));
    const signer = signerOf(start());
    await used(signer);
    await writeFile(join(folder, 'output.json'), 'secret that no message may show');
    minutes = 56;
    expect(await used(signer)).to.deep.equal([key.id, key.token]);
    minutes = 61;
    expect(await authorize(signer)).to.deep.equal({
      kind: 'none',
      isFinal: false,
      reason:
        'the credential_process of the AWS profile failed or printed no valid credentials, run it in a shell to see why',
    });
  });

  it('come from the endpoint of a container, once for requests at the same time', async () => {
    const key = makeKey({ isTemporary: true });
    const server = await startServer(() => ({
      status: 200,
      body: JSON.stringify({
        AccessKeyId: key.id,
        SecretAccessKey: key.secret,
        Token: key.token,
        Expiration: new Date(Date.now() + 60 * MINUTE),
      }),
    }));
    environment.set({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/role`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 't0k3n',
    });
    const aws = start();
    const all = await Promise.all(Array.from({ length: 10 }, () => used(signerOf(aws))));
    expect(all).to.deep.equal(Array.from({ length: 10 }, () => [key.id, key.token]));
    expect(server.requests.map(({ path, headers }) => [path, headers.authorization])).to.deep.equal([
      ['/role', 't0k3n'],
    ]);
  });

  it('of an instance whose metadata service is not ready yet are looked up again', async () => {
    const key = makeKey({ isTemporary: true });
    let isReady = false;
    const server = await startServer(({ path }) => {
      if (!isReady) return { status: 503 };
      if (!path.includes('security-credentials')) return { status: 200, body: 't0k3n' };
      const { id: AccessKeyId, secret: SecretAccessKey, token: Token } = key;
      const Expiration = new Date(Date.now() + 60 * MINUTE);
      const identity = JSON.stringify({ AccessKeyId, SecretAccessKey, Token, Expiration });
      return { status: 200, body: path.endsWith('/sender') ? identity : 'sender' };
    });
    environment.set({ AWS_EC2_METADATA_DISABLED: undefined, AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url });
    const signer = signerOf(start());
    expect(await authorize(signer)).to.deep.equal({
      kind: 'none',
      isFinal: false,
      reason:
        'none were found, set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the option credentials, or run where AWS provides a role (ECS, EKS, Lambda, EC2)',
    });
    isReady = true;
    expect(await used(signer)).to.deep.equal([key.id, key.token]);
  });

  it('are waited for as long as the request may take', async () => {
    const waiting: ServerResponse[] = [];
    const server = await listen((_request, response) => void waiting.push(response));
    closing.push(async () => {
      for (const response of waiting) response.destroy();
      await server.close();
    });
    environment.set({ AWS_CONTAINER_CREDENTIALS_FULL_URI: server.url });
    const start = runningTime();
    const authorization = await authorize(signerOf(createAwsAccess(undefined)), 300);
    expect(authorization).to.deep.equal({
      kind: 'none',
      reason: 'their source did not answer in time',
      isFinal: false,
    });
    expect(runningTime() - start).to.be.below(1_000);
  });

  it('come from the option, which is asked anew when AWS refuses them', async () => {
    const keys = [makeKey(), makeKey({ isTemporary: true })];
    const asked: unknown[] = [];
    const signer = signerOf(
      start(async (...args: unknown[]) => {
        asked.push(...args);
        const { id: accessKeyId, secret: secretAccessKey, token } = keys[asked.length > 1 ? 1 : 0] as AwsKey;
        return { accessKeyId, secretAccessKey, ...(token === undefined ? {} : { sessionToken: token }) };
      }),
    );
    expect(await used(signer)).to.deep.equal([keys[0]?.id]);
    expect(await renew(signer, 'UnrecognizedClientException')).to.equal(true);
    expect(await used(signer)).to.deep.equal([keys[1]?.id, keys[1]?.token]);
    expect(asked).to.deep.equal([{ forceRefresh: false }, { forceRefresh: true }]);
  });

  it('of a role in a profile come from the STS of the region that is used', async () => {
    const key = makeKey({ isTemporary: true });
    const server = await startServer(() => ({
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: assumed(key),
    }));
    environment.set({ AWS_ENDPOINT_URL_STS: server.url, AWS_REGION: undefined });
    await writeProfile({
      role_arn: 'arn:aws-us-gov:iam::123456789012:role/x',
      source_profile: 'traces',
      ...keyLines(makeKey()),
    });
    const aws = start();
    const signer = aws.authorizer({ service: 'sagemaker-mlflow', region: 'us-gov-west-1' });
    expect(await used(signer)).to.deep.equal([key.id, key.token]);
    expect(server.requests[0]?.headers.authorization).to.include('/us-gov-west-1/sts/');
  });

  it('remain in use while their source hangs, and the late answer does not replace newer ones', async () => {
    type Identity = { accessKeyId: string; secretAccessKey: string; expiration: Date };
    const expiration = new Date(Date.now() + 60 * MINUTE);
    const identity = (accessKeyId: string): Identity => ({ accessKeyId, secretAccessKey: 'x', expiration });
    let answerLate: (identity: Identity) => void = () => {};
    const late = new Promise<Identity>((resolve) => {
      answerLate = resolve;
    });
    const answers = [Promise.resolve(identity('FIRST')), late, Promise.resolve(identity('THIRD'))];
    let asked = 0;
    const signer = signerOf(start(() => answers[asked++] ?? Promise.reject(new Error('asked too often'))));
    await used(signer);
    minutes = 56;
    expect(await Promise.all([used(signer), used(signer)])).to.deep.equal([['FIRST'], ['FIRST']]);
    expect(await used(signer)).to.deep.equal(['FIRST']);
    expect(asked).to.equal(2);
    expect(await renew(signer)).to.equal(true);
    answerLate(identity('LATE'));
    await late;
    expect(await used(signer)).to.deep.equal(['THIRD']);
  });

  it('come from providers of the AWS SDK in the option', async () => {
    const key = makeKey();
    await writeProfile(keyLines(key));
    environment.set({ AWS_PROFILE: undefined });
    expect(
      await used(signerOf(start(fromIni({ profile: 'traces', configFilepath: join(folder, 'config') })))),
    ).to.deep.equal([key.id]);
    const identity = await fromNodeProviderChain({ profile: 'traces', ignoreCache: true })();
    expect(await used(signerOf(start(identity)))).to.deep.equal([key.id]);
  });

  it('are fetched in a context that suppresses tracing', async () => {
    const server = await startServer();
    environment.set({ SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT: server.url });
    traceGlobally(closing);
    const suppressed: boolean[] = [];
    const credentials = async (): Promise<{ accessKeyId: string; secretAccessKey: string }> => {
      suppressed.push(isTracingSuppressed(context.active()));
      return { accessKeyId: 'AKIAX', secretAccessKey: 'x' };
    };
    const client = new MlflowClient({ trackingUri: ARN, credentials });
    closing.push(() => client.close());
    await client.getExperimentByName('local');
    expect(suppressed).to.deep.equal([true]);
  });

  const failures: [string, () => Promise<void> | void, MlflowAwsCredentialsOption | undefined, string, boolean][] = [
    [
      'there are none',
      () => {},
      undefined,
      'No AWS credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the option credentials, or run where AWS provides a role (ECS, EKS, Lambda, EC2).',
      true,
    ],
    [
      'a profile does not exist',
      () => environment.set({ AWS_PROFILE: 'tracse' }),
      undefined,
      'The AWS profile "tracse" has no usable credentials: correct AWS_PROFILE, or the profile in ~/.aws/config and ~/.aws/credentials.',
      true,
    ],
    [
      'an SSO session is over',
      () =>
        writeProfile({
          sso_start_url: 'https://example.awsapps.com/start',
          sso_region: 'us-east-1',
          sso_account_id: '123456789012',
          sso_role_name: 'sender',
        }),
      undefined,
      'The AWS SSO session has expired: run "aws sso login", with --profile if AWS_PROFILE is set.',
      true,
    ],
    [
      'the option lacks a part',
      () => {},
      { accessKeyId: 'AKIAX' } as { accessKeyId: string; secretAccessKey: string },
      'The option credentials has no accessKeyId and secretAccessKey: pass both, or a provider of @aws-sdk/credential-providers.',
      true,
    ],
    [
      'the option is a text',
      () => {},
      'AKIAX' as unknown as MlflowAwsCredentialsOption,
      'The option credentials has no accessKeyId and secretAccessKey: pass both, or a provider of @aws-sdk/credential-providers.',
      true,
    ],
    [
      'a provider returns nothing',
      () => {},
      (async () => undefined) as unknown as MlflowAwsCredentialsOption,
      'the provider gave no accessKeyId and secretAccessKey',
      false,
    ],
    [
      'a key ends with a line break',
      () => environment.set({ ...environmentOf(makeKey()), AWS_ACCESS_KEY_ID: 'AKIAX\n' }),
      undefined,
      'The AWS credentials contain a space, a line break or a character that keys never have: remove it.',
      true,
    ],
    [
      'a provider throws words of the AWS SDK with a secret in them',
      () => {},
      async () => {
        throw new Error('Profile s3cr3t could not be found');
      },
      'the provider of AWS credentials failed with Error, call it alone or run "aws sts get-caller-identity" to see why',
      false,
    ],
    [
      'a provider throws',
      () => {},
      async () => {
        throw new TypeError('secret that no message may show');
      },
      'the provider of AWS credentials failed with TypeError, call it alone or run "aws sts get-caller-identity" to see why',
      false,
    ],
    [
      'a provider throws something that cannot be read',
      () => {},
      async () => {
        throw Object.defineProperty(new Error(), 'message', {
          get: () => {
            throw new Error('no');
          },
        });
      },
      'the provider of AWS credentials failed with something that is not an error, call it alone or run "aws sts get-caller-identity" to see why',
      false,
    ],
    [
      'a provider returns something else',
      () => {},
      async () => ({}) as { accessKeyId: string; secretAccessKey: string },
      'the provider gave no accessKeyId and secretAccessKey',
      false,
    ],
  ];
  for (const [problem, prepare, option, reason, isFinal] of failures) {
    it(`are missed with one line if ${problem}`, async () => {
      environment.set({ HOME: folder });
      await prepare();
      expect(await authorize(signerOf(start(option)))).to.deep.equal({ kind: 'none', reason, isFinal });
    });
  }
});
