import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { installPackages } from 'testing/mlflow/install.js';
import { ZIZMOR } from 'testing/mlflow/package-sets.js';

const ROOT = resolve(import.meta.dirname, '../..');

describe('the GitHub workflows', () => {
  it('have no weakness that zizmor finds: rights, credentials, injected text, unpinned actions', async () => {
    const zizmor = join(await installPackages(ZIZMOR, console.log), 'bin', 'zizmor');
    const options = ['--offline', '--no-progress', '--color=never', '--persona=pedantic', '--min-severity=low'];
    const { all, exitCode } = await execa(zizmor, [...options, '.github'], { cwd: ROOT, all: true, reject: false });
    expect(exitCode, all).to.equal(0);
    expect(all).to.contain('No findings to report');
  }).timeout(120_000);
});
