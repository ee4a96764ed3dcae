import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { COMPOSE_FILE, type ComposeService, ROOT, readCompose, type Settings, substitute } from 'testing/compose.js';
import { installMlflow, installPackages, MLFLOW_VERSION } from 'testing/mlflow/install.js';
import { CHECK_JSONSCHEMA } from 'testing/mlflow/package-sets.js';

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
    // The schema comes with the checker, so this needs no network once the checker is installed.
    const PYTHONPATH = await installPackages(CHECK_JSONSCHEMA, () => {});
    const check = ['-m', 'check_jsonschema', '--builtin-schema', 'vendor.compose-spec', COMPOSE_FILE];
    const { stdout } = await execa(python, check, { env: { PYTHONPATH } });
    expect(stdout).to.contain('ok -- validation done');
  });

  it('runs the MLflow version of the tests, in the image with database driver, S3 client and authentication', () => {
    const [image] = readCompose().services['mlflow']?.image.split('@') ?? [];
    expect(image).to.equal(`ghcr.io/mlflow/mlflow:v${MLFLOW_VERSION}-full`);
  });

  it('names each image by its tag and, where it is known, by its digest', () => {
    const images = Object.entries(readCompose().services).map(([name, { image }]) => ({ name, image }));
    for (const { name, image } of images) {
      // "npm run pin-images" writes it, which needs access to the registry.
      const digest = name === 'mlflow' ? '(@sha256:[0-9a-f]{64})?' : '@sha256:[0-9a-f]{64}';
      expect(image, name).to.match(new RegExp(`^[\\w./-]+:[\\w.-]*\\d[\\w.-]*${digest}$`));
    }
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

  it('starts every container without capabilities, on a read-only file system, within limits of memory and processes', () => {
    for (const [name, service] of Object.entries(readCompose().services)) {
      expect(service, name).to.deep.include({
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        read_only: true,
      });
      expect(service.mem_limit, name).to.match(/^\d+[mg]$/);
      expect(service.pids_limit, name).to.be.within(1, 1024);
      expect(service, name).not.to.have.property('privileged');
      // A new volume belongs to root, and the Collector is another user.
      expect(service.cap_add, name).to.deep.equal(name === 'prepare-volumes' ? ['CHOWN'] : undefined);
    }
  });

  it('runs what applications can reach as a user without rights', () => {
    for (const name of ['mlflow', 'collector', 'jaeger', 'postgres']) {
      expect(readCompose().services[name]?.user, name).to.match(/^[1-9]\d*:[1-9]\d*$/);
    }
  });

  it('keeps the database and the object store away from applications', () => {
    const { services, networks } = readCompose();
    const members = (network: string): string[] =>
      Object.keys(services).filter((name) => services[name]?.networks?.includes(network));
    expect(members('storage')).to.have.members(['postgres', 'minio', 'create-bucket', 'mlflow']);
    expect(networks['storage']).to.deep.equal({ internal: true });
    expect(members('tracing')).to.have.members(['mlflow', 'collector', 'jaeger']);
    // Docker publishes no port of an internal network.
    expect(members('console')).to.deep.equal(['minio']);
    for (const [name, { networks: of, network_mode }] of Object.entries(services)) {
      expect(of ?? network_mode, name).to.not.equal(undefined);
      if (of === undefined) expect(network_mode, name).to.equal('none');
    }
  });

  it('checks the health of every service that stays up', () => {
    const lasting = Object.entries(readCompose().services).filter(([, { restart }]) => restart !== 'no');
    expect(lasting.map(([name]) => name)).to.include.members(['collector', 'jaeger']);
    for (const [name, { healthcheck }] of lasting) expect(healthcheck?.test, name).to.have.length.greaterThan(1);
  });

  it('gives the images without a shell the program for their health checks', () => {
    const { 'prepare-volumes': prepare, collector, jaeger } = readCompose().services;
    expect(prepare?.entrypoint?.join(' ')).to.contain('/probe/busybox').and.contain('/probe/ld.so');
    for (const service of [collector, jaeger]) {
      expect(service?.healthcheck?.test.slice(0, 4)).to.deep.equal(['CMD', '/probe/ld.so', '/probe/busybox', 'wget']);
      expect(service?.volumes).to.include('probe:/probe:ro');
      expect(service?.depends_on).to.deep.include({
        'prepare-volumes': { condition: 'service_completed_successfully' },
      });
    }
    // The port of the health check in the Collector's own configuration.
    const config = readFileSync(join(ROOT, 'deploy/collector/config.yaml'), 'utf8');
    expect(config).to.contain('COLLECTOR_HEALTH_PORT:-13133');
    expect(collector?.healthcheck?.test.at(-1)).to.equal('http://127.0.0.1:13133/');
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

  it('starts nothing if the check of the settings fails', () => {
    const { services } = readCompose();
    const waits = (name: string): boolean =>
      name === 'check-settings' ||
      Object.entries(services[name]?.depends_on ?? {}).some(([other, { required = true }]) => required && waits(other));
    expect(Object.keys(services).filter((name) => !waits(name))).to.deep.equal([]);
  });

  it('starts the services with data only after it has checked the settings', () => {
    const condition = 'service_completed_successfully';
    for (const name of ['postgres', 'minio', 'mlflow']) {
      expect(readCompose().services[name]?.depends_on, name).to.deep.include({ 'check-settings': { condition } });
    }
  });

  it('starts MLflow only after the checks of the profiles, if they run', () => {
    const ifItRuns = { condition: 'service_completed_successfully', required: false };
    expect(readCompose().services['mlflow']?.depends_on).to.deep.include({
      'check-auth': ifItRuns,
      'check-collector': ifItRuns,
    });
  });

  it('starts MLflow after a healthy database and an existing bucket', () => {
    expect(readCompose().services['mlflow']?.depends_on).to.deep.include({
      postgres: { condition: 'service_healthy' },
      minio: { condition: 'service_healthy' },
      'create-bucket': { condition: 'service_completed_successfully' },
    });
  });

  it('mounts existing files of the repository, and named volumes', () => {
    const { services, volumes } = readCompose();
    const mounted = Object.values(services).flatMap((service) => service.volumes ?? []);
    const sources = [...new Set(mounted.map((volume) => volume.split(':')[0] ?? ''))];
    const files = sources.filter((source) => source.startsWith('./'));
    for (const file of files) expect(existsSync(join(ROOT, file)), file).to.equal(true);
    expect(sources.filter((source) => !files.includes(source))).to.have.members(Object.keys(volumes));
  });

  it('writes the configuration of users where only MLflow can read it, and then runs the command', async function () {
    if (process.platform === 'win32') return this.skip();
    const folder = await mkdtemp(join(tmpdir(), 'compose-'));
    try {
      const { environment = {}, entrypoint = [], volumes = [] } = readCompose().services['mlflow'] ?? {};
      const [source = '', target = ''] = volumes[0]?.split(':') ?? [];
      const [program = '', ...args] = entrypoint.map((word) => word.replace(target, join(ROOT, source)));
      const file = join(folder, 'basic_auth.ini');
      const env = { ...environment, MLFLOW_AUTH_CONFIG_PATH: file, PATH: process.env['PATH'] };
      const { stdout } = await execa(program, [...args, 'echo', 'two words', '*'], { env, extendEnv: false });
      expect(stdout).to.equal('two words *');
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
      expect(readFileSync(file, 'utf8').split('\n')).to.include.members([
        `database_uri = ${environment['MLFLOW_BACKEND_STORE_URI']}`,
        'authorization_function = outage_auth:authenticate',
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('has no inline file, which Docker Compose cannot add to a read-only container', () => {
    expect(text).not.to.match(/^\s*(configs|secrets):/m);
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
