import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { buildPackages } from 'testing/build.js';
import { Stages } from '../support/stages.js';
import { packPackages } from './pack.js';
import { PUBLISHED, ROOT, readManifest } from './packages.js';
import { publish } from './publish.js';
import { currentVersion } from './version.js';

const MOCHA = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
const TESTS = ['release.test.ts', 'packages.long.test.ts', 'packages-installed.long.test.ts'];

/**
 * `npm run release:check` tries the publication of the packages: it checks what a release needs, packs the packages, and
 * lets npm do everything but the upload. `npm run test:all` comes before it.
 */
export async function main(): Promise<number> {
  const stages = new Stages();
  await stages.run('files', async () => {
    const missing = whatIsMissing(ROOT, await changedFiles());
    if (missing.length > 0) throw new Error(missing.join('\n'));
    return `version ${currentVersion()}`;
  });
  await stages.run('build', async () => (await buildPackages()).join(', ') || 'nothing to do');
  await stages.run('tests', async () => {
    const files = TESTS.map((name) => join('scripts', 'test', name));
    await execa(process.execPath, [MOCHA, ...files], { cwd: ROOT, stdio: 'inherit' });
    return undefined;
  });
  await stages.run('publish', async () => {
    const packed = await packPackages(join(ROOT, '.mlflow', 'release'));
    return publish(packed, ['--dry-run']);
  });
  return stages.failed.length === 0 ? 0 : 1;
}

/** What a release lacks, as sentences for the maintainer. */
export function whatIsMissing(root: string, changed: readonly string[]): string[] {
  const manifests = PUBLISHED.map((entry) => ({ entry, ...readManifest(`packages/${entry}`, root) }));
  const missing: string[] = [];
  if (manifests.some(({ repository }) => repository === undefined)) {
    missing.push('The packages do not name their repository. Run "npm run release:prepare".');
  }
  if (readdirSync(join(root, '.changeset')).some((name) => name.endsWith('.md') && name !== 'README.md')) {
    missing.push('There are changes without a version in .changeset. Run "npm run release:version".');
  }
  for (const { entry, version } of manifests) {
    const changelog = readFileSync(join(root, 'packages', entry, 'CHANGELOG.md'), 'utf8');
    if (changelog.includes(`\n## ${version}\n`)) continue;
    missing.push(`packages/${entry}/CHANGELOG.md has no section for version ${version}.`);
  }
  if (changed.length > 0) missing.push(`These files are not committed: ${changed.join(', ')}.`);
  return missing;
}

async function changedFiles(): Promise<string[]> {
  const { stdout } = await execa('git', ['status', '--porcelain'], { cwd: ROOT });
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.slice(3)]));
}
