/** Every tool that the scripts download has its version and its hash in this repository. */

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { MLFLOW_VERSION, NEWEST_MLFLOW_VERSION } from 'testing/mlflow/install.js';
import { PACKAGE_SETS, REQUIREMENTS_FOLDER } from 'testing/mlflow/package-sets.js';
import { packageManager } from '../update-tools.js';

const ROOT = resolve(import.meta.dirname, '../..');
const HASH = / --hash=sha256:[0-9a-f]{64}/g;

/** The requirements of a file, each on one line, without comments. */
function requirements(name: string): string[] {
  const text = readFileSync(join(REQUIREMENTS_FOLDER, name), 'utf8').replaceAll('\\\n', '');
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').replaceAll(/ +/g, ' ').trim());
  return lines.filter((line) => line !== '');
}

describe('the tools that are downloaded', () => {
  for (const { name } of PACKAGE_SETS) {
    it(`have a version and hashes: ${name}`, () => {
      const locked = requirements(`${name}.txt`);
      for (const line of locked) {
        // No option, address or range: they could change what is installed.
        expect(line.replaceAll(HASH, '')).to.match(/^[\w.-]+(\[[\w,.-]+\])?==[\w.+]+( ; [^@]+)?$/);
        expect(line).to.match(HASH);
      }
      const versions = locked.map((line) => line.split(' ')[0]?.toLowerCase());
      expect(versions).to.include.members(requirements(`${name}.in`).map((line) => line.toLowerCase()));
    });
  }

  it('are those of a set each', () => {
    const files = PACKAGE_SETS.flatMap(({ name }) => [`${name}.in`, `${name}.txt`]);
    expect(readdirSync(REQUIREMENTS_FOLDER).sort()).to.deep.equal(files.sort());
  });

  it('have the versions of MLflow that the tests run against', () => {
    expect(requirements('mlflow.in')).to.deep.equal([`mlflow==${MLFLOW_VERSION}`]);
    expect(requirements('mlflow-3.18.0.in')).to.deep.equal([`mlflow==${NEWEST_MLFLOW_VERSION}`]);
  });

  it('have the same hash of pnpm for npm and for Corepack', () => {
    const root = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { packageManager: string };
    expect(root.packageManager).to.equal(packageManager());
    expect(root.packageManager).to.match(/^pnpm@\d+\.\d+\.\d+\+sha512\.[0-9a-f]{128}$/);
  });

  it('come from the registry that the user has set', () => {
    for (const file of ['scripts/tools/package-lock.json', 'pnpm-lock.yaml']) {
      expect(readFileSync(join(ROOT, file), 'utf8'), file).not.to.match(/resolved|tarball:/);
    }
  });

  it('are never run by name and range', () => {
    for (const file of [
      'scripts/bootstrap.mjs',
      'scripts/matrix/install.ts',
      'packages/testing/src/mlflow/install.ts',
    ]) {
      expect(readFileSync(join(ROOT, file), 'utf8'), file).not.to.match(/\bnpx\b|'uvx?', 'run'|mlflow==/);
    }
  });
});
