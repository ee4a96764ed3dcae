import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { type Finished, runNode } from 'testing/run.js';

const ROOT = resolve(import.meta.dirname, '../..');

describe('the installation of MLflow', () => {
  let clone: string;

  // A copy, because this repository has an installation already.
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'install-'));
    cpSync(join(ROOT, 'packages/testing/src'), join(clone, 'packages/testing/src'), { recursive: true });
    symlinkSync(join(ROOT, 'packages/testing/node_modules'), join(clone, 'packages/testing/node_modules'));
    writeFileSync(join(clone, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      join(clone, 'packages/testing/src/run-install.ts'),
      `import { installMlflow } from './mlflow/install.js';
      await installMlflow(console.log).catch((error: Error) => console.log(error.message));`,
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
