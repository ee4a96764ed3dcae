import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startWorkspace, type Workspace } from 'testing/managed/databricks/workspace.js';
import { MlflowClient, type MlflowConnectionConfig, MlflowSpanExporter } from '../src/index.js';
import { eachTest } from './support/each-test.js';

const NAME = '/Users/ada@example.com/traces';

describe('a tracking URI of Databricks', () => {
  const { log, closing } = eachTest();
  let workspace: Workspace;
  let folder: string;
  let file: string;
  const before = { ...process.env };

  beforeEach(async () => {
    workspace = await startWorkspace();
    closing.push(workspace.close);
    workspace.tokens.add('dapi-0123456789');
    workspace.experiments.set('7', NAME);
    folder = mkdtempSync(join(tmpdir(), 'databricks-'));
    file = join(folder, 'databrickscfg');
    for (const name of Object.keys(process.env)) if (/^(?:DATABRICKS|MLFLOW)_/.test(name)) delete process.env[name];
    process.env['DATABRICKS_CONFIG_FILE'] = file;
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    for (const name of Object.keys(process.env)) if (/^DATABRICKS_/.test(name)) delete process.env[name];
    Object.assign(process.env, before);
  });

  function newClient(config: MlflowConnectionConfig = {}): MlflowClient {
    const client = new MlflowClient({
      trackingUri: 'databricks',
      retry: { initialBackoffMillis: 1, maxRetries: 1 },
      ...config,
    });
    closing.push(() => client.close());
    return client;
  }
  const idOf = async (config?: MlflowConnectionConfig): Promise<string | undefined> =>
    (await newClient(config).getExperimentByName(NAME))?.experimentId;
  const failureOf = async (work: () => Promise<unknown>): Promise<string> =>
    work().then(
      () => 'no error',
      (error: Error) => error.message,
    );
  const sent = (): unknown[] => workspace.requests.map(({ headers }) => headers.authorization);
  const environment = (values: Record<string, string>): void => void Object.assign(process.env, values);

  describe('finds host and token', () => {
    it('in the environment', async () => {
      environment({ DATABRICKS_HOST: `${workspace.url}/?o=123#job`, DATABRICKS_TOKEN: 'dapi-0123456789' });
      expect(await idOf()).to.equal('7');
      expect(sent()).to.deep.equal(['Bearer dapi-0123456789']);
    });

    it('in the environment, and ignores a file that cannot be read', async () => {
      environment({
        DATABRICKS_HOST: workspace.url,
        DATABRICKS_TOKEN: 'dapi-0123456789',
        DATABRICKS_CONFIG_FILE: folder,
      });
      expect(await idOf()).to.equal('7');
    });

    it('in the default profile, of a file with comments, odd spacing and Windows line ends', async () => {
      writeFileSync(
        file,
        `\uFEFF; a comment\r\n[DEFAULT]\r\n  HOST: ${workspace.url}/\r\n# token = old\r\ntoken=dapi-0123456789\r\n\r\n[other]\r\nhost = https://other.example\r\n`,
      );
      expect(await idOf()).to.equal('7');
    });

    it('in a file with long lines that mean nothing', async () => {
      const blanks = ' '.repeat(300_000);
      writeFileSync(
        file,
        `[DEFAULT]\nx${blanks}x\n[${blanks}\nx =${blanks}x\nhost = ${workspace.url}\ntoken = dapi-0123456789\n`,
      );
      expect(await idOf()).to.equal('7');
    });

    it('in the profile that the file names as its default', async () => {
      writeFileSync(
        file,
        `[__settings__]\ndefault_profile = work\n[work]\nhost = ${workspace.url}\ntoken = dapi-0123456789\n`,
      );
      expect(await idOf()).to.equal('7');
    });

    for (const [how, trackingUri, variable] of [
      ['the tracking URI', 'databricks://work', undefined],
      ['DATABRICKS_CONFIG_PROFILE', 'databricks', 'work'],
      ['the tracking URI and not DATABRICKS_CONFIG_PROFILE', 'databricks://work', 'home'],
    ] as const) {
      it(`in the profile of ${how}, which takes nothing from DEFAULT`, async () => {
        writeFileSync(
          file,
          `[DEFAULT]\nclient_id = x\nhost = https://home.example\n[home]\nhost = https://home.example\n[work]\nhost = ${workspace.url}\ntoken = dapi-0123456789\n`,
        );
        if (variable !== undefined) environment({ DATABRICKS_CONFIG_PROFILE: variable });
        expect(await idOf({ trackingUri })).to.equal('7');
      });
    }

    it('in a profile, of which the environment replaces single values', async () => {
      writeFileSync(file, `[work]\nhost = ${workspace.url}\ntoken = old\nworkspace_id = 4711\n`);
      environment({ DATABRICKS_TOKEN: 'dapi-0123456789' });
      expect(await idOf({ trackingUri: 'databricks://work' })).to.equal('7');
      expect(workspace.requests[0]?.headers).to.include({ 'x-databricks-org-id': '4711' });
    });

    for (const [what, config, expected] of [
      ['a token', { token: 'dapi-0123456789' }, 'Bearer dapi-0123456789'],
      ['a token function', { token: () => 'dapi-0123456789' }, 'Bearer dapi-0123456789'],
      ['a header', { headers: { Authorization: 'Bearer dapi-0123456789' } }, 'Bearer dapi-0123456789'],
      [
        'a headers function',
        { headers: () => ({ authorization: 'Bearer dapi-0123456789' }) },
        'Bearer dapi-0123456789',
      ],
    ] as const) {
      it(`and lets ${what} in code win over those of the environment`, async () => {
        environment({ DATABRICKS_HOST: workspace.url, DATABRICKS_TOKEN: 'other' });
        expect(await idOf(config)).to.equal('7');
        delete process.env['DATABRICKS_TOKEN'];
        expect(await idOf(config)).to.equal('7');
        expect(sent()).to.deep.equal([expected, expected]);
      });
    }
  });

  it('takes a token that was replaced in the file, and sends the request once more', async () => {
    writeFileSync(file, `[DEFAULT]\nhost = ${workspace.url}\ntoken = dapi-old\n`);
    const client = newClient();
    writeFileSync(file, `[DEFAULT]\nhost = ${workspace.url}\ntoken = dapi-0123456789\n`);
    expect((await client.getExperimentByName(NAME))?.experimentId).to.equal('7');
    await client.getExperimentByName(NAME);
    expect(sent()).to.deep.equal(['Bearer dapi-old', 'Bearer dapi-0123456789', 'Bearer dapi-0123456789']);
  });

  it('sends all requests that the old token was refused for once more', async () => {
    writeFileSync(file, `[DEFAULT]\nhost = ${workspace.url}\ntoken = dapi-old\n`);
    const client = newClient();
    writeFileSync(file, `[DEFAULT]\nhost = ${workspace.url}\ntoken = dapi-0123456789\n`);
    const found = await Promise.all([1, 2, 3].map(() => client.getExperimentByName(NAME)));
    expect(found.map((experiment) => experiment?.experimentId)).to.deep.equal(['7', '7', '7']);
  });

  it('sends nothing twice if the token stays the same, and names where it is set', async () => {
    writeFileSync(file, `[work]\nhost = ${workspace.url}\ntoken = dapi-wrong-token\n`);
    const client = newClient({ trackingUri: 'databricks://work' });
    writeFileSync(file, 'half a fi');
    expect(await failureOf(() => client.getExperimentByName(NAME))).to.equal(
      `Databricks at ${workspace.url} refuses the credentials of token in profile "work" of ${file} (403: Invalid access token.): replace them with valid ones of this workspace.`,
    );
    expect(sent()).to.deep.equal(['Bearer dapi-wrong-token']);
  });

  it('sends the token of another workspace to none but that', async () => {
    writeFileSync(file, `[DEFAULT]\nhost = ${workspace.url}\ntoken = dapi-old\n`);
    const client = newClient();
    writeFileSync(file, '[DEFAULT]\nhost = other.example\ntoken = dapi-0123456789\n');
    expect(await failureOf(() => client.getExperimentByName(NAME))).to.include('(403: Invalid access token.)');
    expect(sent()).to.deep.equal(['Bearer dapi-old']);
  });

  it('sends nothing twice if a headers function gives a wrong token', async () => {
    environment({ DATABRICKS_HOST: workspace.url, DATABRICKS_TOKEN: 'dapi-0123456789' });
    const client = newClient({ headers: () => ({ authorization: 'Bearer dapi-wrong' }) });
    expect(await failureOf(() => client.getExperimentByName(NAME))).to.include('(403: Invalid access token.)');
    expect(sent()).to.deep.equal(['Bearer dapi-wrong']);
  });

  it('warns of an address that is not encrypted, unless it is on this machine', async () => {
    environment({ DATABRICKS_HOST: 'http://dbc.example', DATABRICKS_TOKEN: 'dapi-0123456789' });
    const newExporter = (): void => {
      const exporter = new MlflowSpanExporter({ trackingUri: 'databricks', experimentId: '7' });
      closing.push(() => exporter.shutdown());
    };
    newExporter();
    const warning =
      'warn: Databricks: requests to http://dbc.example are not encrypted, so the network sees the token: use https:// in DATABRICKS_HOST, or in host of the profile.';
    expect(log.lines).to.deep.equal([warning]);
    environment({ DATABRICKS_HOST: workspace.url });
    newExporter();
    expect(log.lines).to.deep.equal([warning]);
  });

  it('shows the id of the workspace', async () => {
    environment({
      DATABRICKS_HOST: workspace.url,
      DATABRICKS_TOKEN: 'dapi-0123456789',
      DATABRICKS_WORKSPACE_ID: '4711',
    });
    workspace.intercept = () => ({ status: 403, body: { error_code: 'PERMISSION_DENIED', message: 'No to 4711' } });
    expect(await failureOf(() => newClient().getExperimentByName(NAME))).to.include('(403: No to 4711)');
  });

  it('names the permission that is missing, without the token that the answer repeats', async () => {
    environment({ DATABRICKS_HOST: workspace.url, DATABRICKS_TOKEN: 'dapi-0123456789' });
    workspace.intercept = ({ headers }) => ({
      status: 403,
      body: { error_code: 'PERMISSION_DENIED', message: `Ada may not read the experiment (${headers.authorization})` },
    });
    expect(await failureOf(() => newClient().getExperimentByName(NAME))).to.equal(
      `Databricks at ${workspace.url} does not allow this (403: Ada may not read the experiment ([redacted])): give the user or service principal of DATABRICKS_TOKEN the permission CAN EDIT on the experiment, or MODIFY and SELECT on the tables of Unity Catalog.`,
    );
  });

  it('names the access list that keeps the network out', async () => {
    environment({ DATABRICKS_HOST: workspace.url, DATABRICKS_TOKEN: 'dapi-0123456789' });
    const message = 'Source IP address: 192.0.2.1 is blocked by Databricks IP ACL for workspace: 4711.';
    workspace.intercept = () => ({ status: 403, body: { error_code: 'PERMISSION_DENIED', message } });
    expect(await failureOf(() => newClient().getExperimentByName(NAME))).to.equal(
      `Databricks at ${workspace.url} does not admit this network (403: ${message}): add its address to the IP access lists of the workspace.`,
    );
  });

  describe('with a service principal', () => {
    const newPrincipal = (secret = 's3cr3t-of-app'): void => {
      environment({ DATABRICKS_HOST: workspace.url, DATABRICKS_CLIENT_ID: 'app', DATABRICKS_CLIENT_SECRET: secret });
      workspace.principals.set('app', 's3cr3t-of-app');
    };
    const asked = (): number => workspace.requests.filter(({ path }) => path === '/oidc/v1/token').length;

    it('asks for one access token for all requests at the same time', async () => {
      newPrincipal();
      const client = newClient();
      await Promise.all([1, 2, 3].map(() => client.getExperimentByName(NAME)));
      await client.getExperimentByName(NAME);
      expect([asked(), workspace.requests.length]).to.deep.equal([1, 5]);
    });

    it('reads it from the profile, too', async () => {
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

    it('asks for another one before the first expires', async () => {
      newPrincipal();
      const client = newClient();
      for (const expected of [1, 1, 2]) {
        await client.getExperimentByName(NAME);
        expect(asked()).to.equal(expected);
        later(30);
      }
    });

    it('uses the older one while the endpoint issues no other', async () => {
      newPrincipal();
      const client = newClient();
      await client.getExperimentByName(NAME);
      workspace.principals.clear();
      later(57);
      expect((await client.getExperimentByName(NAME))?.experimentId).to.equal('7');
      expect(asked()).to.equal(2);
    });

    it('asks for another one if the workspace refuses one that is not new, and sends the request once more', async () => {
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

    it('names what to do if the endpoint refuses, without the secret that it repeats', async () => {
      newPrincipal('s3cr3t-of-another');
      expect(await failureOf(() => newClient().getExperimentByName(NAME))).to.equal(
        "Databricks' token endpoint /oidc/v1/token refuses the service principal of DATABRICKS_CLIENT_SECRET (401 invalid_client): set DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, or client_id and client_secret in the profile, to a valid OAuth secret of a service principal that is assigned to this workspace.",
      );
      expect(asked()).to.equal(1);
    });

    it('asks no more for a while after the endpoint refuses, unless the secret is replaced', async () => {
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

    it('asks no more for a while while the older one is valid', async () => {
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
        path === '/oidc/v1/token' && left-- > 0
          ? { status: 503, body: { error: 'temporarily_unavailable' } }
          : undefined;
      expect(await idOf()).to.equal('7');
      left = 2;
      expect(await failureOf(() => newClient().getExperimentByName(NAME))).to.equal(
        `MLflow at ${workspace.url} gets no credentials: Databricks' token endpoint /oidc/v1/token answered 503 temporarily_unavailable`,
      );
    });

    it('lets a token win, unless auth_type wants OAuth', async () => {
      newPrincipal();
      environment({ DATABRICKS_TOKEN: 'dapi-0123456789' });
      await newClient().getExperimentByName(NAME);
      expect(asked()).to.equal(0);
      environment({ DATABRICKS_AUTH_TYPE: 'oauth-m2m' });
      await newClient().getExperimentByName(NAME);
      expect(asked()).to.equal(1);
    });
  });

  describe('says what to do if', () => {
    const messages: [what: string, setUp: () => void, message: () => string, trackingUri?: string][] = [
      [
        'no host is set',
        () => {},
        () =>
          'MLflow tracking URI "databricks" needs the address of a Databricks workspace: set DATABRICKS_HOST, or host in profile "DEFAULT" of ~/.databrickscfg.',
      ],
      [
        'the host is none',
        () => environment({ DATABRICKS_HOST: 'https://s3cr3t@:80:80' }),
        () =>
          'Databricks: the host of the workspace is no address: set DATABRICKS_HOST, or host in the profile, to an address such as https://dbc-a1b2345c-d6e7.cloud.databricks.com.',
      ],
      [
        'no credentials are set',
        () => environment({ DATABRICKS_HOST: 'dbc.example' }),
        () =>
          'MLflow tracking URI "databricks" needs credentials: set DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, or token, or client_id and client_secret in the profile of ~/.databrickscfg, or the option token.',
      ],
      [
        'the profile is for the command line only',
        () => writeFileSync(file, '[DEFAULT]\nhost = x.example\nauth_type = databricks-cli\n'),
        () =>
          'MLflow tracking URI "databricks" needs credentials of another kind than "databricks-cli" (auth_type or DATABRICKS_AUTH_TYPE), which only Databricks\' own tools can use: set DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, or token, or client_id and client_secret in the profile of ~/.databrickscfg, or the option token.',
      ],
      [
        'the file is not one',
        () => environment({ DATABRICKS_CONFIG_FILE: '/dev/zero' }),
        () =>
          'Databricks: /dev/zero cannot be read (not a file): let this process read it, or set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_FILE to another file.',
      ],
      [
        'the file is too long',
        () => writeFileSync(file, `[DEFAULT]\nhost = x.example\n${'#'.repeat(1024 * 1024)}\n`),
        () =>
          `Databricks: ${file} cannot be read (more than 1 MB): let this process read it, or set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_FILE to another file.`,
      ],
      [
        'there is no such profile',
        () => writeFileSync(file, '[DEFAULT]\nhost = x.example\n[home]\n'),
        () =>
          `Databricks: ${file} has no profile "work" (it has "DEFAULT", "home"): correct the profile in trackingUri, MLFLOW_TRACKING_URI or DATABRICKS_CONFIG_PROFILE, or set DATABRICKS_CONFIG_FILE to another file.`,
        'databricks://work',
      ],
      [
        'the file cannot be read',
        () => environment({ DATABRICKS_CONFIG_FILE: folder }),
        () =>
          `Databricks: ${folder} cannot be read (a folder): let this process read it, or set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_FILE to another file.`,
      ],
      [
        'the URI is that of a registry',
        () => {},
        () =>
          'MLflow tracking URI "databricks-uc" is the address of a model registry: use "databricks" or "databricks://<profile>" in trackingUri or MLFLOW_TRACKING_URI.',
        'databricks-uc',
      ],
      [
        'the URI names secrets of a notebook',
        () => {},
        () =>
          'MLflow tracking URI "databricks://<scope>:<prefix>" names secrets that only notebooks of Databricks can read: use "databricks" or "databricks://<profile>" in trackingUri or MLFLOW_TRACKING_URI.',
        'databricks://scope:prefix',
      ],
      [
        'the URI names no profile',
        () => {},
        () =>
          'MLflow tracking URI "databricks:/work" names no profile: use "databricks" or "databricks://<profile>" in trackingUri or MLFLOW_TRACKING_URI.',
        'databricks:/work',
      ],
    ];
    for (const [what, setUp, message, trackingUri = 'databricks'] of messages) {
      it(what, () => {
        setUp();
        expect(() => newClient({ trackingUri })).to.throw(message());
      });
    }
  });
});
