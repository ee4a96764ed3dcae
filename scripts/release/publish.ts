import { join } from 'node:path';
import { execa } from 'execa';
import { buildPackages } from 'testing/build.js';
import { type Packed, packPackages } from './pack.js';
import { ROOT } from './packages.js';
import { currentVersion } from './version.js';

const CHANGESET = join(ROOT, 'node_modules', '@changesets', 'cli', 'bin.js');

/**
 * `npm run release:publish` publishes the packages that the registry does not have in this version, and tags the commit.
 * It can be repeated after a failure.
 */
export async function main(): Promise<number> {
  await buildPackages();
  console.log(await publish(await packPackages(join(ROOT, '.mlflow', 'release'))));
  await execa(process.execPath, [CHANGESET, 'tag'], { cwd: ROOT, stdio: 'inherit' });
  console.log('Push the tags with "git push --follow-tags".');
  return 0;
}

/**
 * Publishes packed packages, each after those it depends on.
 *
 * @param options more options for npm
 * @returns what was published
 */
export async function publish(packed: readonly Packed[], options: readonly string[] = []): Promise<string> {
  const published: string[] = [];
  for (const { name, file } of packed) {
    if (await isPublished(`${name}@${currentVersion()}`)) continue;
    await execa('npm', ['publish', file, ...options], { cwd: ROOT, stdio: ['inherit', 'inherit', 'inherit'] });
    published.push(name);
  }
  return published.length === 0 ? 'The registry has all packages in this version.' : published.join(', ');
}

/** @throws Error if the registry cannot be asked */
async function isPublished(spec: string): Promise<boolean> {
  const { failed, stdout, stderr } = await execa('npm', ['view', spec, 'version'], { cwd: ROOT, reject: false });
  if (failed && !stderr.includes('E404')) throw new Error(`The registry cannot be asked for ${spec}: ${stderr}`);
  return stdout !== '';
}
