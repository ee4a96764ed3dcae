import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { COMPOSE_FILE, type ComposeService, ROOT, readCompose, type Settings, substitute } from 'testing/compose.js';
import { installMlflow, MLFLOW_VERSION } from 'testing/mlflow/install.js';

const CHECK_JSONSCHEMA = 'check-jsonschema==0.39.0';
const PROFILES = [[], ['auth'], ['jaeger'], ['collector'], ['auth', 'jaeger', 'collector']];

const text = readFileSync(COMPOSE_FILE, 'utf8');
const example = readSettings(join(ROOT, '.env.example'));

/** The `NAME=value` lines of a file like .env. */
function readSettings(file: string): Settings {
  const lines = readFileSync(file, 'utf8').split('\n');
  const settings = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    settings.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** The services that `docker compose up` starts with these profiles. */
function servicesWith(profiles: readonly string[], settings?: Settings): Record<string, ComposeService> {
  const { services } = readCompose(settings);
  const isEnabled = ({ profiles: of }: ComposeService): boolean => of?.some((name) => profiles.includes(name)) ?? true;
  return Object.fromEntries(Object.entries(services).filter(([, service]) => isEnabled(service)));
}

/** Published ports as `address:port`, by service. */
function published(services: Record<string, ComposeService>): Record<string, string[]> {
  const entries = Object.entries(services).map(([name, { ports = [] }]): [string, string[]] => [
    name,
    ports.map((port) => port.split(':').slice(0, 2).join(':')),
  ]);
  return Object.fromEntries(entries.filter(([, ports]) => ports.length > 0));
}

describe('docker-compose.yml', () => {
  it('is valid by the published compose schema', async function () {
    this.timeout(120_000);
    const { python } = await installMlflow(() => {});
    // The schema comes with the checker, so this needs no network once the checker is cached.
    const check = ['-m', 'uv', 'tool', 'run', '--from', CHECK_JSONSCHEMA, 'check-jsonschema'];
    const { stdout } = await execa(python, [...check, '--builtin-schema', 'vendor.compose-spec', COMPOSE_FILE]);
    expect(stdout).to.contain('ok -- validation done');
  });

  it('runs the MLflow version of the tests, in the image with database driver, S3 client and authentication', () => {
    expect(readCompose().services['mlflow']?.image).to.equal(`ghcr.io/mlflow/mlflow:v${MLFLOW_VERSION}-full`);
  });

  it('publishes ports on this machine only by default, and never those of the database and S3', () => {
    expect(published(servicesWith(['auth', 'jaeger', 'collector']))).to.deep.equal({
      minio: ['127.0.0.1:9001'],
      mlflow: ['127.0.0.1:5000'],
      jaeger: ['127.0.0.1:16686', '127.0.0.1:4319'],
      collector: ['127.0.0.1:4317', '127.0.0.1:4318'],
    });
  });

  it('opens MLflow and the Collector with BIND_ADDRESS, and never the consoles', () => {
    const ports = published(servicesWith(['auth', 'jaeger', 'collector'], { BIND_ADDRESS: '0.0.0.0' }));
    const open = Object.keys(ports).filter((name) => ports[name]?.some((port) => port.startsWith('0.0.0.0')));
    expect(open).to.deep.equal(['mlflow', 'collector']);
  });

  for (const profiles of PROFILES) {
    const name = profiles.length === 0 ? 'no profile' : `the profile ${profiles.join(', ')}`;
    it(`waits with ${name} for existing services, and for the end of those that end`, () => {
      const services = servicesWith(profiles);
      const awaited = Object.values(services).flatMap(({ depends_on = {}, restart }) =>
        Object.entries(depends_on).map(([name, { condition, required = true }]) => ({
          name,
          condition,
          required,
          staysUp: restart !== 'no',
        })),
      );
      for (const { name, condition, required } of awaited) {
        if (required) expect(services).to.have.property(name);
        if (condition === 'service_healthy') expect(services[name]?.healthcheck?.test, name).to.not.be.empty;
      }
      // `up --wait` reports a failure if a service ends and no lasting service waits for its end.
      const oneShots = Object.keys(services).filter((name) => services[name]?.restart === 'no');
      for (const name of oneShots) {
        const adopters = awaited.filter((other) => other.name === name && other.staysUp);
        expect(
          adopters.map(({ condition }) => condition),
          name,
        ).to.include('service_completed_successfully');
      }
    });
  }

  it('starts the services with data only after it has checked the settings', () => {
    for (const name of ['postgres', 'minio', 'mlflow']) {
      const { depends_on = {} } = readCompose().services[name] ?? {};
      expect(depends_on['check-settings'], name).to.deep.equal({ condition: 'service_completed_successfully' });
    }
  });

  it('starts MLflow after a healthy database and an existing bucket', () => {
    expect(readCompose().services['mlflow']?.depends_on).to.deep.include({
      postgres: { condition: 'service_healthy' },
      minio: { condition: 'service_healthy' },
      'create-bucket': { condition: 'service_completed_successfully' },
    });
  });

  it('mounts existing files of the repository, and named volumes', () => {
    const { services, volumes, configs } = readCompose();
    for (const { file } of Object.values(configs)) expect(existsSync(join(ROOT, file ?? '')), file).to.equal(true);
    const mounted = Object.values(services).flatMap((service) => service.volumes ?? []);
    const sources = [...new Set(mounted.map((volume) => volume.split(':')[0] ?? ''))];
    const files = sources.filter((source) => source.startsWith('./'));
    for (const file of files) expect(existsSync(join(ROOT, file)), file).to.equal(true);
    expect(sources.filter((source) => !files.includes(source))).to.have.members(Object.keys(volumes));
  });

  it('lets other containers call MLflow by its service name', () => {
    expect(readCompose().services['mlflow']?.environment['MLFLOW_SERVER_ALLOWED_HOSTS']).to.contain('mlflow:*');
  });

  it('passes the Collector settings that its configuration reads', () => {
    const { environment = {}, volumes = [] } = readCompose().services['collector'] ?? {};
    const [folder = ''] = volumes[0]?.split(':') ?? [];
    const files = readdirSync(join(ROOT, folder)).map((file) => readFileSync(join(ROOT, folder, file), 'utf8'));
    const configuration = files.join('\n');
    for (const name of Object.keys(environment)) expect(configuration).to.contain(`\${env:${name}`);
  });

  it('has every setting in .env.example, with the default that compose uses', () => {
    const used = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name));
    expect(Object.keys(example)).to.have.members([...used]);
    expect(readCompose(example)).to.deep.equal(readCompose());
    for (const [, name = '', value] of text.matchAll(/\$\{(\w+):-([^}]*)\}/g))
      expect(example[name], name).to.equal(value);
  });
});

describe('the settings check of docker-compose.yml', () => {
  const SECRET = 'c0ffee';
  const PASSWORDS = { POSTGRES_PASSWORD: 'a-real_password1', MINIO_ROOT_PASSWORD: 'a-real_password2' };
  const OPEN = { BIND_ADDRESS: '0.0.0.0' };
  const WHOLE = { stripFinalNewline: false } as const;

  /** Runs the script with the environment of its service. */
  async function check(settings: Settings, service = 'check-settings'): Promise<{ starts: boolean; says: string }> {
    const { environment = {}, entrypoint = [], volumes = [] } = readCompose(settings).services[service] ?? {};
    const [source = '', target = ''] = volumes[0]?.split(':') ?? [];
    const [program = '', ...args] = entrypoint.map((word) => word.replace(target, join(ROOT, source)));
    const env = { PATH: process.env['PATH'], ...environment };
    const { failed, all } = await execa(program, args, { env, extendEnv: false, all: true, reject: false, ...WHOLE });
    return { starts: !failed, says: all };
  }

  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  it('warns about default passwords on this machine', async () => {
    const { starts, says } = await check({});
    expect(starts).to.equal(true);
    expect(says.trimEnd().split('\n')).to.deep.equal(
      ['POSTGRES_PASSWORD', 'MINIO_ROOT_PASSWORD'].map(
        (name) => `WARNING: ${name} is the published default. If other people use this machine, set ${name} in .env.`,
      ),
    );
  });

  it('prints nothing about passwords that the user has set', async () => {
    expect(await check(PASSWORDS)).to.deep.equal({ starts: true, says: '' });
  });

  it('rejects default passwords if ports are open to other machines', async () => {
    const { starts, says } = await check(OPEN);
    expect(starts).to.equal(false);
    expect(says).to.contain(
      'REFUSED: MINIO_ROOT_PASSWORD is the published default, and BIND_ADDRESS=0.0.0.0 opens ports to other machines. Set MINIO_ROOT_PASSWORD in .env.',
    );
    expect(says).to.contain('REFUSED: POSTGRES_PASSWORD is the published default');
    expect((await check({ ...OPEN, MINIO_ROOT_PASSWORD: 'a-real_password' })).starts).to.equal(false);
  });

  it('warns about MLflow without passwords if ports are open to other machines', async () => {
    expect(await check({ ...OPEN, ...PASSWORDS })).to.deep.equal({
      starts: true,
      says: 'WARNING: MLflow asks for no password, so everyone who reaches 0.0.0.0 can read all prompts and answers. Set MLFLOW_AUTH_ADMIN_PASSWORD in .env.\n',
    });
  });

  it('warns about a Collector through which other machines can write with its password', async () => {
    const login = { MLFLOW_AUTH_ADMIN_PASSWORD: 'correct horse battery', MLFLOW_FLASK_SERVER_SECRET_KEY: SECRET };
    const settings = { ...PASSWORDS, ...login, COLLECTOR_AUTHORIZATION: '"Basic Y29sbGVjdG9yOnNlY3JldA=="' };
    expect((await check(settings)).says).to.equal('');
    expect(await check({ ...settings, ...OPEN })).to.deep.equal({
      starts: true,
      says: 'WARNING: The Collector asks for no password, so everyone who reaches 0.0.0.0 can write to MLflow as the user of COLLECTOR_AUTHORIZATION. Let that user edit one experiment only.\n',
    });
  });

  it('recognizes every address of this machine', async () => {
    for (const BIND_ADDRESS of ['127.0.0.1', '127.0.0.2', '[::1]']) {
      expect((await check({ BIND_ADDRESS })).starts, BIND_ADDRESS).to.equal(true);
    }
    for (const BIND_ADDRESS of ['192.168.1.5', '[::]', '0.0.0.0']) {
      expect((await check({ BIND_ADDRESS })).starts, BIND_ADDRESS).to.equal(false);
    }
  });

  it('rejects names that cannot be part of a URL', async () => {
    for (const name of ['POSTGRES_USER', 'POSTGRES_DB', 'MINIO_ROOT_USER']) {
      expect(await check({ ...PASSWORDS, [name]: 'ml/flow' })).to.deep.equal({
        starts: false,
        says: `REFUSED: ${name} becomes part of a URL: use letters, digits, ".", "-" and "_" only.\n`,
      });
      expect((await check({ ...PASSWORDS, [name]: 'ml.flow-1' })).says).to.equal('');
    }
  });

  it('rejects passwords that cannot be part of a URL or that MinIO rejects', async () => {
    expect((await check({ ...PASSWORDS, POSTGRES_PASSWORD: 'p@ss/word#1' })).says).to.equal(
      'REFUSED: POSTGRES_PASSWORD becomes part of a URL: use letters, digits, "-" and "_" only, for example: openssl rand -hex 16\n',
    );
    expect(await check({ ...PASSWORDS, MINIO_ROOT_PASSWORD: 'short' })).to.deep.equal({
      starts: false,
      says: 'REFUSED: MINIO_ROOT_PASSWORD needs at least 8 characters.\n',
    });
  });

  it('rejects the profile "auth" without a password, and a password without a secret key', async () => {
    expect(await check(PASSWORDS, 'check-auth')).to.deep.equal({
      starts: false,
      says: 'REFUSED: The profile "auth" needs MLFLOW_AUTH_ADMIN_PASSWORD in .env, of at least 12 characters.\n',
    });
    const password = { ...PASSWORDS, MLFLOW_AUTH_ADMIN_PASSWORD: 'correct horse battery' };
    expect(await check(password)).to.deep.equal({
      starts: false,
      says: 'REFUSED: MLFLOW_AUTH_ADMIN_PASSWORD needs MLFLOW_FLASK_SERVER_SECRET_KEY in .env, too, for example: openssl rand -hex 32\n',
    });
    const complete = { ...password, MLFLOW_FLASK_SERVER_SECRET_KEY: SECRET };
    expect(await check({ ...complete, ...OPEN }, 'check-auth')).to.deep.equal({ starts: true, says: '' });
    expect(await check({ ...complete, MLFLOW_AUTH_ADMIN_PASSWORD: 'too short' })).to.deep.equal({
      starts: false,
      says: 'REFUSED: MLFLOW_AUTH_ADMIN_PASSWORD needs at least 12 characters.\n',
    });
  });
});

describe('substitute', () => {
  it('replaces variables as Docker Compose does', () => {
    const settings = { SET: 'value', EMPTY: '' };
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: compose's own variables
    const cases = [
      ['a ${SET} b', 'a value b'],
      ['${UNSET}', ''],
      ['${SET:-default}${EMPTY:-default}${UNSET:-default}', 'valuedefaultdefault'],
      ['${UNSET:-${EMPTY:-${SET}}}', 'value'],
      ['${SET:+--option x}${EMPTY:+no}${UNSET:+no}', '--option x'],
      ['$$HOME', '$HOME'],
    ] as const;
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: compose's own variables
    for (const [text, expected] of cases) expect(substitute(text, settings), text).to.equal(expected);
  });
});
