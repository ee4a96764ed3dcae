import { symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'chai';
import type { Workspace } from 'testing/managed/databricks/workspace.js';
import { type MlflowConnectionConfig, MlflowSpanExporter } from '../../src/index.js';
import { eachProfile, failureOf, NAME, TOKEN } from '../support/databricks.js';
import { eachTest } from '../support/each-test.js';

describe('a tracking URI of Databricks', () => {
  const { log, closing, startServer } = eachTest();
  const settings = eachProfile(closing);
  const { newClient, sent, environment } = settings;
  let workspace: Workspace;
  let file: string;
  beforeEach(() => {
    ({ workspace, file } = settings);
  });
  const idOf = async (config?: MlflowConnectionConfig): Promise<string | undefined> =>
    (await newClient(config).getExperimentByName(NAME))?.experimentId;

  describe('finds host and token', () => {
    it('in the environment', async () => {
      environment({ DATABRICKS_HOST: `${workspace.url}/?o=123#job`, DATABRICKS_TOKEN: TOKEN });
      expect(await idOf()).to.equal('7');
      expect(sent()).to.deep.equal([`Bearer ${TOKEN}`]);
    });

    it('in the environment, and ignores a file that cannot be read', async () => {
      environment({
        DATABRICKS_HOST: workspace.url,
        DATABRICKS_TOKEN: TOKEN,
        DATABRICKS_CONFIG_FILE: dirname(file),
      });
      expect(await idOf()).to.equal('7');
    });

    it('in the default profile, of a file with comments, odd spacing and Windows line ends', async () => {
      writeFileSync(
        file,
        `\uFEFF; a comment\r\n[DEFAULT]\r\n  HOST: ${workspace.url}/\r\n# token = old\r\ntoken=${TOKEN}\r\n\r\n[other]\r\nhost = https://other.example\r\n`,
      );
      expect(await idOf()).to.equal('7');
    });

    it('in a file with long lines that mean nothing', async () => {
      const blanks = ' '.repeat(300_000);
      writeFileSync(
        file,
        `[DEFAULT]\nx${blanks}x\n[${blanks}\nx =${blanks}x\nhost = ${workspace.url}\ntoken = ${TOKEN}\n`,
      );
      expect(await idOf()).to.equal('7');
    });

    it('in the profile that the file names as its default', async () => {
      writeFileSync(
        file,
        `[__settings__]\ndefault_profile = work\n[work]\nhost = ${workspace.url}\ntoken = ${TOKEN}\n`,
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
          `[DEFAULT]\nclient_id = x\nhost = https://home.example\n[home]\nhost = https://home.example\n[work]\nhost = ${workspace.url}\ntoken = ${TOKEN}\n`,
        );
        if (variable !== undefined) environment({ DATABRICKS_CONFIG_PROFILE: variable });
        expect(await idOf({ trackingUri })).to.equal('7');
      });
    }

    it('in a profile, of which the environment replaces single values', async () => {
      writeFileSync(file, `[work]\nhost = ${workspace.url}\ntoken = old\nworkspace_id = 4711\n`);
      environment({ DATABRICKS_TOKEN: TOKEN });
      expect(await idOf({ trackingUri: 'databricks://work' })).to.equal('7');
      expect(workspace.requests[0]?.headers).to.include({ 'x-databricks-org-id': '4711' });
    });

    for (const [what, config, expected] of [
      ['a token', { token: TOKEN }, `Bearer ${TOKEN}`],
      ['a token function', { token: () => TOKEN }, `Bearer ${TOKEN}`],
      ['a header', { headers: { Authorization: `Bearer ${TOKEN}` } }, `Bearer ${TOKEN}`],
      ['a headers function', { headers: () => ({ authorization: `Bearer ${TOKEN}` }) }, `Bearer ${TOKEN}`],
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
    writeFileSync(file, `[DEFAULT]\nhost = ${workspace.url}\ntoken = ${TOKEN}\n`);
    expect((await client.getExperimentByName(NAME))?.experimentId).to.equal('7');
    await client.getExperimentByName(NAME);
    expect(sent()).to.deep.equal(['Bearer dapi-old', `Bearer ${TOKEN}`, `Bearer ${TOKEN}`]);
  });

  it('sends all requests that the old token was refused for once more', async () => {
    writeFileSync(file, `[DEFAULT]\nhost = ${workspace.url}\ntoken = dapi-old\n`);
    const client = newClient();
    writeFileSync(file, `[DEFAULT]\nhost = ${workspace.url}\ntoken = ${TOKEN}\n`);
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
    writeFileSync(file, `[DEFAULT]\nhost = other.example\ntoken = ${TOKEN}\n`);
    expect(await failureOf(() => client.getExperimentByName(NAME))).to.include('(403: Invalid access token.)');
    expect(sent()).to.deep.equal(['Bearer dapi-old']);
  });

  it('sends nothing twice if a headers function gives a wrong token', async () => {
    environment({ DATABRICKS_HOST: workspace.url, DATABRICKS_TOKEN: TOKEN });
    const client = newClient({ headers: () => ({ authorization: 'Bearer dapi-wrong' }) });
    expect(await failureOf(() => client.getExperimentByName(NAME))).to.include('(403: Invalid access token.)');
    expect(sent()).to.deep.equal(['Bearer dapi-wrong']);
  });

  it('warns of an address that is not encrypted, unless it is on this machine', async () => {
    environment({ DATABRICKS_HOST: 'http://dbc.example', DATABRICKS_TOKEN: TOKEN });
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
      DATABRICKS_TOKEN: TOKEN,
      DATABRICKS_WORKSPACE_ID: '4711',
    });
    workspace.intercept = () => ({ status: 403, body: { error_code: 'PERMISSION_DENIED', message: 'No to 4711' } });
    expect(await failureOf(() => newClient().getExperimentByName(NAME))).to.include('(403: No to 4711)');
  });

  it('follows no redirect, and shows no credentials of its target', async () => {
    const server = await startServer(() => ({
      status: 302,
      headers: { location: 'https://ada:s3cr3t@login.example/oidc?code=s3cr3t' },
    }));
    environment({ DATABRICKS_HOST: server.url, DATABRICKS_TOKEN: TOKEN });
    expect(await failureOf(() => newClient().getExperimentByName(NAME))).to.equal(
      `${server.url} redirects to https://login.example/oidc, as other pages of Databricks do: set DATABRICKS_HOST, or host in the profile, to the address of the workspace.`,
    );
    expect(server.requests).to.have.lengthOf(1);
  });

  it('names the permission that is missing, without the token that the answer repeats', async () => {
    environment({ DATABRICKS_HOST: workspace.url, DATABRICKS_TOKEN: TOKEN });
    workspace.intercept = ({ headers }) => ({
      status: 403,
      body: { error_code: 'PERMISSION_DENIED', message: `Ada may not read the experiment (${headers.authorization})` },
    });
    expect(await failureOf(() => newClient().getExperimentByName(NAME))).to.equal(
      `Databricks at ${workspace.url} does not allow this (403: Ada may not read the experiment ([redacted])): give the user or service principal of DATABRICKS_TOKEN the permission CAN EDIT on the experiment, or MODIFY and SELECT on the tables of Unity Catalog.`,
    );
  });

  it('names the access list that keeps the network out', async () => {
    environment({ DATABRICKS_HOST: workspace.url, DATABRICKS_TOKEN: TOKEN });
    const message = 'Source IP address: 192.0.2.1 is blocked by Databricks IP ACL for workspace: 4711.';
    workspace.intercept = () => ({ status: 403, body: { error_code: 'PERMISSION_DENIED', message } });
    expect(await failureOf(() => newClient().getExperimentByName(NAME))).to.equal(
      `Databricks at ${workspace.url} does not admit this network (403: ${message}): add its address to the IP access lists of the workspace.`,
    );
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
        () => environment({ DATABRICKS_CONFIG_FILE: dirname(file) }),
        () =>
          `Databricks: ${dirname(file)} cannot be read (a folder): let this process read it, or set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_FILE to another file.`,
      ],
      [
        'the file is a link to itself',
        () => {
          symlinkSync(`${file}.link`, `${file}.link`);
          environment({ DATABRICKS_CONFIG_FILE: `${file}.link` });
        },
        () =>
          `Databricks: ${file}.link cannot be read (ELOOP): let this process read it, or set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_FILE to another file.`,
      ],
      [
        'the profile holds the settings of the file',
        () => writeFileSync(file, '[__settings__]\nhost = x.example\n'),
        () =>
          `Databricks: ${file} has no profile "__settings__" (it has no profiles): correct the profile in trackingUri, MLFLOW_TRACKING_URI or DATABRICKS_CONFIG_PROFILE, or set DATABRICKS_CONFIG_FILE to another file.`,
        'databricks://__settings__',
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
