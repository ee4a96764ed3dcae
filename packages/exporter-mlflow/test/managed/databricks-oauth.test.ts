import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Workspace } from 'testing/managed/databricks/workspace.js';
import { runningTime } from '../../src/common/running-time.js';
import { say } from '../../src/common/shown-text.js';
import { AccessTokens } from '../../src/http/databricks/oauth.js';
import { type HttpAnswer, type HttpResult, NO_ANSWER_IN_TIME } from '../../src/http/exchange/result.js';
import { eachProfile, failureOf, NAME, TOKEN } from '../support/databricks.js';
import { eachTest } from '../support/each-test.js';

describe('a service principal of Databricks', () => {
  const { closing } = eachTest();
  const settings = eachProfile(closing);
  const { newClient, environment } = settings;
  let workspace: Workspace;
  let file: string;
  beforeEach(() => {
    ({ workspace, file } = settings);
  });

  const newPrincipal = (secret = 's3cr3t-of-app'): void => {
    environment({ DATABRICKS_HOST: workspace.url, DATABRICKS_CLIENT_ID: 'app', DATABRICKS_CLIENT_SECRET: secret });
    workspace.principals.set('app', 's3cr3t-of-app');
  };
  const idOf = async (): Promise<string | undefined> => (await newClient().getExperimentByName(NAME))?.experimentId;
  const asked = (): number => workspace.requests.filter(({ path }) => path === '/oidc/v1/token').length;

  it('gets one access token for all requests at the same time', async () => {
    newPrincipal();
    const client = newClient();
    await Promise.all([1, 2, 3].map(() => client.getExperimentByName(NAME)));
    await client.getExperimentByName(NAME);
    expect([asked(), workspace.requests.length]).to.deep.equal([1, 5]);
  });

  it('is read from the profile, too', async () => {
    workspace.principals.set('app', 's3cr3t-of-app');
    writeFileSync(file, `[DEFAULT]\nhost = ${workspace.url}\nclient_id = app\nclient_secret = s3cr3t-of-app\n`);
    expect(await idOf()).to.equal('7');
  });

  /** Lets the time of day go on. */
  const later = (minutes: number): void => {
    const { now } = Date;
    Date.now = () => now() + minutes * 60_000;
    closing.push(() => {
      Date.now = now;
    });
  };

  it('gets another token before the first expires', async () => {
    newPrincipal();
    const client = newClient();
    for (const expected of [1, 1, 2]) {
      await client.getExperimentByName(NAME);
      expect(asked()).to.equal(expected);
      later(30);
    }
  });

  it('keeps a token whose lifetime makes no sense', async () => {
    newPrincipal();
    workspace.lifetimeSeconds = -1;
    const client = newClient();
    for (let count = 0; count < 2; count++) await client.getExperimentByName(NAME);
    expect(asked()).to.equal(1);
  });

  it('uses the older token while the endpoint issues no other', async () => {
    newPrincipal();
    const client = newClient();
    await client.getExperimentByName(NAME);
    workspace.principals.clear();
    later(57);
    expect((await client.getExperimentByName(NAME))?.experimentId).to.equal('7');
    expect(asked()).to.equal(2);
  });

  it('gets another token if the workspace refuses one that is not new, and sends the request once more', async () => {
    newPrincipal();
    const client = newClient();
    await client.getExperimentByName(NAME);
    workspace.tokens.clear();
    expect(await failureOf(() => client.getExperimentByName(NAME))).to.include('(403: Invalid access token.)');
    expect(asked()).to.equal(1);
    later(1);
    expect((await client.getExperimentByName(NAME))?.experimentId).to.equal('7');
    expect(asked()).to.equal(2);
  });

  it('is refused by the endpoint in one line that says what to do, without the secret that it repeats', async () => {
    newPrincipal('s3cr3t-of-another');
    expect(await failureOf(() => newClient().getExperimentByName(NAME))).to.equal(
      "Databricks' token endpoint /oidc/v1/token refuses the service principal of DATABRICKS_CLIENT_SECRET (401 invalid_client): set DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, or client_id and client_secret in the profile, to a valid OAuth secret of a service principal that is assigned to this workspace.",
    );
    expect(asked()).to.equal(1);
  });

  it('does not ask again for a while after the endpoint refuses, unless the secret is replaced', async () => {
    workspace.principals.set('app', 's3cr3t-of-app');
    writeFileSync(file, `[DEFAULT]\nhost = ${workspace.url}\nclient_id = app\nclient_secret = old\n`);
    const client = newClient();
    for (let count = 0; count < 3; count++)
      expect(await failureOf(() => client.getExperimentByName(NAME))).to.include('(401 invalid_client)');
    expect(asked()).to.equal(1);
    later(1);
    await failureOf(() => client.getExperimentByName(NAME));
    expect(asked()).to.equal(2);
    writeFileSync(file, `[DEFAULT]\nhost = ${workspace.url}\nclient_id = app\nclient_secret = s3cr3t-of-app\n`);
    expect((await client.getExperimentByName(NAME))?.experimentId).to.equal('7');
    expect(asked()).to.equal(3);
  });

  it('does not ask for another token for a while while the older one is valid', async () => {
    newPrincipal();
    const client = newClient();
    await client.getExperimentByName(NAME);
    workspace.intercept = ({ path }) => (path === '/oidc/v1/token' ? { status: 503, body: {} } : undefined);
    later(57);
    for (let count = 0; count < 3; count++) await client.getExperimentByName(NAME);
    expect(asked()).to.equal(2);
  });

  it('waits while the endpoint is away, and says so', async () => {
    newPrincipal();
    let left = 1;
    workspace.intercept = ({ path }) =>
      path === '/oidc/v1/token' && left-- > 0 ? { status: 503, body: { error: 'temporarily_unavailable' } } : undefined;
    expect(await idOf()).to.equal('7');
    left = 2;
    expect(await failureOf(() => newClient().getExperimentByName(NAME))).to.equal(
      `MLflow at ${workspace.url} gets no credentials: Databricks' token endpoint /oidc/v1/token answered 503 temporarily_unavailable`,
    );
  });

  it('lets a token win, unless auth_type wants OAuth', async () => {
    newPrincipal();
    environment({ DATABRICKS_TOKEN: TOKEN });
    await newClient().getExperimentByName(NAME);
    expect(asked()).to.equal(0);
    environment({ DATABRICKS_AUTH_TYPE: 'oauth-m2m' });
    await newClient().getExperimentByName(NAME);
    expect(asked()).to.equal(1);
  });
});

describe('the token endpoint of Databricks', () => {
  const client = {
    kind: 'oauth',
    clientId: 'app',
    clientSecret: 's3cr3t-of-app',
    source: say`the profile`,
  } as const;
  const answer = (status: number, body: unknown): HttpAnswer => ({
    kind: 'answer',
    status,
    headers: {},
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const reasonOf = async (result: HttpResult): Promise<string> => {
    const token = await new AccessTokens(client).get(async () => result, runningTime() + 1000);
    return token.kind === 'none' ? token.reason : token.kind;
  };
  const AT = "Databricks' token endpoint /oidc/v1/token";

  const away: [what: string, result: HttpResult, reason: string][] = [
    ['resets the connection', { kind: 'no-answer', code: 'ECONNRESET', message: 's3cr3t' }, '(ECONNRESET)'],
    ['has no connection', { kind: 'no-answer', code: undefined, message: 's3cr3t' }, '(no connection)'],
    ['does not answer', NO_ANSWER_IN_TIME, '(no answer in time)'],
  ];
  for (const [what, result, reason] of away) {
    it(`gives no token when it ${what}`, async () => {
      expect(await reasonOf(result)).to.equal(`${AT} cannot be reached ${reason}`);
    });
  }

  it('gives no token when its answer comes too late', async () => {
    const tokens = new AccessTokens(client);
    expect(await tokens.get(() => new Promise(() => {}), runningTime() + 20)).to.deep.equal({
      kind: 'none',
      reason: `no answer of ${AT} in time`,
      isFinal: false,
    });
  });

  for (const [what, body] of [
    ['a page', '<html>'],
    ['a token that fits into no header', { access_token: 'a\nb' }],
    ['an empty token', { access_token: '' }],
  ] as const) {
    it(`refuses the service principal with ${what}`, async () => {
      expect(await reasonOf(answer(200, body))).to.match(/refuses the service principal of the profile \(200\): set /);
    });
  }
});
