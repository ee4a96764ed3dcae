/** Runs deploy/compose/check-settings.sh as its containers do. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { ROOT, readCompose, type Settings } from 'testing/compose.js';

const PASSWORDS = { POSTGRES_PASSWORD: 'heron_lamp-42x', MINIO_ROOT_PASSWORD: 'violin_cork-93k' };
const LOGIN = {
  MLFLOW_AUTH_ADMIN_PASSWORD: 'correct horse battery',
  MLFLOW_FLASK_SERVER_SECRET_KEY: 'd1ff9c9eb2cf1a3e71ff8d9e0b1c61f5',
};
const COMMON = 'consists of common words or of keys in a row';
const OPEN = { BIND_ADDRESS: '0.0.0.0' };
const SAFE = { starts: true, says: '' };
const NO_PASSWORD =
  'MLflow asks for no password, so everyone who reaches 0.0.0.0 can read and delete all prompts and answers.';
const OPEN_COLLECTOR =
  'The Collector asks for no password, so everyone who reaches 0.0.0.0 can write traces to MLflow.';

interface Outcome {
  readonly starts: boolean;
  readonly says: string;
}

/** Runs the script with the environment of its service. */
async function check(settings: Settings, service = 'check-settings'): Promise<Outcome> {
  const { environment = {}, entrypoint = [], volumes = [] } = readCompose(settings).services[service] ?? {};
  const [source = '', target = ''] = volumes[0]?.split(':') ?? [];
  const [program = '', ...args] = entrypoint.map((word) => word.replace(target, join(ROOT, source)));
  const env = { PATH: process.env['PATH'], ...environment };
  const options = { env, extendEnv: false, all: true, reject: false, stripFinalNewline: false } as const;
  const { failed, all } = await execa(program, args, options);
  return { starts: !failed, says: all };
}

describe('the settings check of docker-compose.yml', () => {
  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  describe('on this machine only', () => {
    it('starts without any setting, and warns about default passwords', async () => {
      const { starts, says } = await check({});
      expect(starts).to.equal(true);
      expect(says.trimEnd().split('\n')).to.deep.equal(
        ['POSTGRES_PASSWORD', 'MINIO_ROOT_PASSWORD'].map(
          (name) => `WARNING: ${name} is the published default. If other people use this machine, set ${name} in .env.`,
        ),
      );
      expect((await check({}, 'check-collector')).starts).to.equal(true);
    });

    it('prints nothing about passwords that the user has set', async () => {
      expect(await check(PASSWORDS)).to.deep.equal(SAFE);
      expect(await check({ ...PASSWORDS, ...LOGIN }, 'check-auth')).to.deep.equal(SAFE);
    });

    it('recognizes every address of this machine, and takes all others for open', async () => {
      for (const BIND_ADDRESS of ['127.0.0.1', '127.0.0.2', '[::1]']) {
        expect((await check({ BIND_ADDRESS })).starts, BIND_ADDRESS).to.equal(true);
      }
      const open = ['192.168.1.5', '[::]', '0.0.0.0', '::', '127.example.com', '127.0.0.1:1,0.0.0.0', 'localhost', '0'];
      for (const BIND_ADDRESS of [...open, '10.127.0.0', '1270.0.0.1', ' ']) {
        expect((await check({ ...PASSWORDS, BIND_ADDRESS })).says, BIND_ADDRESS).to.contain(
          'MLflow asks for no password',
        );
      }
    });
  });

  describe('open to other machines', () => {
    it('rejects default and weak passwords of the database and the object store', async () => {
      const { starts, says } = await check({ ...OPEN, ...LOGIN });
      expect(starts).to.equal(false);
      expect(says.trimEnd().split('\n')).to.deep.equal(
        ['POSTGRES_PASSWORD', 'MINIO_ROOT_PASSWORD'].map(
          (name) =>
            `REFUSED: ${name} is the published default, and BIND_ADDRESS=0.0.0.0 opens ports to other machines. Set ${name} in .env, for example: openssl rand -hex 16`,
        ),
      );
      const user = { MINIO_ROOT_USER: 'observability' };
      const weak = await check({ ...OPEN, ...LOGIN, ...PASSWORDS, ...user, MINIO_ROOT_PASSWORD: 'observability' });
      expect(weak.starts).to.equal(false);
      expect(weak.says).to.match(/^REFUSED: MINIO_ROOT_PASSWORD is the user name with little else/);
    });

    it('rejects MLflow without a password, unless a setting allows it', async () => {
      const settings = { ...OPEN, ...PASSWORDS };
      expect(await check(settings)).to.deep.equal({
        starts: false,
        says: `REFUSED: ${NO_PASSWORD} Set MLFLOW_AUTH_ADMIN_PASSWORD in .env, or ALLOW_OPEN_WITHOUT_AUTH=true if that is intended.\n`,
      });
      expect(await check({ ...settings, ...LOGIN })).to.deep.equal(SAFE);
      const allowed = { ...settings, ALLOW_OPEN_WITHOUT_AUTH: 'true' };
      expect(await check(allowed)).to.deep.equal({ starts: true, says: `WARNING: ${NO_PASSWORD}\n` });
      // The setting allows no weak password.
      expect((await check({ ...OPEN, ALLOW_OPEN_WITHOUT_AUTH: 'true' })).starts).to.equal(false);
      for (const ALLOW_OPEN_WITHOUT_AUTH of ['yes', 'TRUE', '1', 'true ']) {
        const { starts, says } = await check({ ...settings, ALLOW_OPEN_WITHOUT_AUTH });
        expect(starts, ALLOW_OPEN_WITHOUT_AUTH).to.equal(false);
        expect(says).to.contain(`ALLOW_OPEN_WITHOUT_AUTH is "${ALLOW_OPEN_WITHOUT_AUTH}". Use true or false.`);
      }
    });

    it('rejects the Collector, which asks for no password, unless a setting allows it', async () => {
      const settings = { ...OPEN, ...PASSWORDS, ...LOGIN };
      expect(await check(settings, 'check-collector')).to.deep.equal({
        starts: false,
        says: `REFUSED: ${OPEN_COLLECTOR} Start it without the profile "collector", or set ALLOW_OPEN_WITHOUT_AUTH=true if that is intended.\n`,
      });
      expect(await check({ ...settings, ALLOW_OPEN_WITHOUT_AUTH: 'true' }, 'check-collector')).to.deep.equal({
        starts: true,
        says: `WARNING: ${OPEN_COLLECTOR} If COLLECTOR_AUTHORIZATION is set, let its user edit one experiment only.\n`,
      });
    });
  });

  describe('with users', () => {
    it('stops MLflow if the check of a profile fails, because Compose does not', async () => {
      // The volume of both, in place of /checks.
      const folder = await mkdtemp(join(tmpdir(), 'checks-'));
      const scripts = join(ROOT, 'deploy/compose');
      const there = async (name: string): Promise<string> => {
        const text = await readFile(join(scripts, name), 'utf8');
        const file = join(folder, '..', `${basename(folder)}-${name}`);
        await writeFile(file, text.replaceAll('/checks', folder));
        return file;
      };
      const files = [await there('check-settings.sh'), await there('start-mlflow.sh')] as const;
      const run = async (service: string, settings: Settings): Promise<boolean> => {
        const env = { PATH: process.env['PATH'], ...readCompose(settings).services[service]?.environment };
        return !(await execa('sh', [files[0]], { env, extendEnv: false, reject: false })).failed;
      };
      const startMlflow = async (): Promise<Outcome> => {
        const { environment = {} } = readCompose().services['mlflow'] ?? {};
        const env = { ...environment, MLFLOW_AUTH_CONFIG_PATH: `${folder}.ini` };
        const { failed, all } = await execa('sh', [files[1], 'echo', 'started'], { env, all: true, reject: false });
        return { starts: !failed, says: all };
      };
      try {
        expect(await run('check-settings', PASSWORDS)).to.equal(true);
        expect(await startMlflow()).to.deep.equal({ starts: true, says: 'started' });
        expect(await run('check-auth', PASSWORDS)).to.equal(false);
        expect(await startMlflow()).to.deep.equal({
          starts: false,
          says: 'REFUSED: the settings are unsafe. For the reason: docker compose logs check-auth',
        });
        // Without the profile, only the first check runs.
        expect(await run('check-settings', PASSWORDS)).to.equal(true);
        expect((await startMlflow()).starts).to.equal(true);
        const open = { ...OPEN, ...PASSWORDS, ...LOGIN };
        expect(await run('check-collector', open)).to.equal(false);
        expect((await startMlflow()).starts).to.equal(false);
        expect(await run('check-collector', { ...open, ALLOW_OPEN_WITHOUT_AUTH: 'true' })).to.equal(true);
        expect((await startMlflow()).starts).to.equal(true);
      } finally {
        for (const path of [folder, `${folder}.ini`, ...files]) await rm(path, { recursive: true, force: true });
      }
    });

    it('rejects the profile "auth" without a password, and a password without a secret key', async () => {
      expect(await check(PASSWORDS, 'check-auth')).to.deep.equal({
        starts: false,
        says: 'REFUSED: The profile "auth" needs MLFLOW_AUTH_ADMIN_PASSWORD in .env, of at least 12 characters.\n',
      });
      const { MLFLOW_FLASK_SERVER_SECRET_KEY: _, ...withoutKey } = LOGIN;
      expect(await check({ ...PASSWORDS, ...withoutKey })).to.deep.equal({
        starts: false,
        says: 'REFUSED: MLFLOW_AUTH_ADMIN_PASSWORD needs a secret key, and MLFLOW_FLASK_SERVER_SECRET_KEY is empty. Set it in .env, for example: openssl rand -hex 32\n',
      });
    });

    const weak: [password: string, why: string][] = [
      ['too short', 'has fewer than 12 characters'],
      ['aaaaaaaaaaaaaaaa', 'repeats few characters'],
      ['121212121212', 'repeats few characters'],
      ['ada-lovelace', 'is the user name with little else'],
      ['Ada.Lovelace42', 'is the user name with little else'],
      ['password1234', COMMON],
      ['Passw0rd-2026!', COMMON],
      ['P@ssw0rd1234', COMMON],
      ['changeme-please', COMMON],
      ['mlflow-local-only', COMMON],
      ['MLflow-admin-12', COMMON],
      ['qwertyuiop123', COMMON],
      ['4dm1n1str4t0r', COMMON],
      ['drowssap1234', COMMON],
      ['hunter2hunter2', COMMON],
      ['Company2026!!', COMMON],
      ['enter-password-here', COMMON],
      ['qazwsxedcrfv', COMMON],
      ['1q2w3e4r5t6y', COMMON],
      ['098765432100', COMMON],
      ['aabbccddeeff', COMMON],
      ['opentelemetry', COMMON],
      ['ty6ty6ty6ty6ty6', 'repeats few characters'],
      ['kwozerkwozerkwozer', COMMON],
    ];
    for (const [password, why] of weak) {
      it(`rejects the password ${password}`, async () => {
        const settings = { ...LOGIN, MLFLOW_AUTH_ADMIN_USERNAME: 'ada_lovelace', MLFLOW_AUTH_ADMIN_PASSWORD: password };
        const { starts, says } = await check({ ...PASSWORDS, ...settings });
        expect(starts).to.equal(false);
        expect(says).to.equal(
          `REFUSED: MLFLOW_AUTH_ADMIN_PASSWORD ${why}. Use another one, for example: openssl rand -hex 16\n`,
        );
      });
    }

    it('rejects weak secret keys, and the password as the key', async () => {
      const long = 'a long password of an administrator';
      const keys: [key: string, why: string][] = [
        ['c0ffee', 'has fewer than 32 characters'],
        ['0'.repeat(64), 'repeats few characters'],
        ['secret-key-secret-key-secret-key-secret', COMMON],
        [long, "is the administrator's password"],
      ];
      for (const [MLFLOW_FLASK_SERVER_SECRET_KEY, why] of keys) {
        const login = { MLFLOW_AUTH_ADMIN_PASSWORD: long, MLFLOW_FLASK_SERVER_SECRET_KEY };
        const { starts, says } = await check({ ...PASSWORDS, ...login });
        expect(starts, why).to.equal(false);
        expect(says).to.contain(`and MLFLOW_FLASK_SERVER_SECRET_KEY ${why}.`);
        expect(says).not.to.contain(MLFLOW_FLASK_SERVER_SECRET_KEY);
      }
    });

    it('accepts what the recommended commands print', async () => {
      for (let round = 0; round < 5; round++) {
        const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
        const settings = {
          ...OPEN,
          POSTGRES_PASSWORD: hex(16),
          MINIO_ROOT_PASSWORD: hex(16),
          MLFLOW_AUTH_ADMIN_PASSWORD: hex(16),
          MLFLOW_FLASK_SERVER_SECRET_KEY: hex(32),
        };
        expect(await check(settings)).to.deep.equal(SAFE);
      }
    });
  });

  describe('in any case', () => {
    it('rejects names that cannot be part of a URL', async () => {
      for (const name of ['POSTGRES_USER', 'POSTGRES_DB', 'MINIO_ROOT_USER']) {
        expect(await check({ ...PASSWORDS, [name]: 'ml/flow' })).to.deep.equal({
          starts: false,
          says: `REFUSED: ${name} becomes part of a URL: use letters, digits, ".", "-" and "_" only.\n`,
        });
        expect((await check({ ...PASSWORDS, [name]: 'ml.flow-1' })).says).to.equal('');
      }
    });

    it('rejects passwords that cannot be part of a URL, and names and passwords that MinIO rejects', async () => {
      expect((await check({ ...PASSWORDS, POSTGRES_PASSWORD: 'p@ss/word#1-eleven' })).says).to.equal(
        'REFUSED: POSTGRES_PASSWORD becomes part of a URL: use letters, digits, "-" and "_" only, for example: openssl rand -hex 16\n',
      );
      expect(await check({ ...PASSWORDS, MINIO_ROOT_PASSWORD: 'short' })).to.deep.equal({
        starts: false,
        says: 'REFUSED: MINIO_ROOT_PASSWORD needs at least 8 characters.\n',
      });
      expect((await check({ ...PASSWORDS, MINIO_ROOT_USER: 'me' })).says).to.equal(
        'REFUSED: MINIO_ROOT_USER needs at least 3 characters.\n',
      );
    });
  });
});
