import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runNode } from './run.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const BUILDER = join(ROOT, 'scripts', 'build-package.mjs');
/** scripts/build-package.mjs writes this file. Its time stamp is the start of the build. */
const STAMP = join('dist', 'cjs', 'package.json');

interface Package {
  name: string;
  folder: string;
  dependencies: string[];
}

interface Manifest {
  name: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
}

/**
 * Builds the packages whose sources are newer than their build.
 *
 * @returns the names of the packages that were built; empty if all were up to date
 * @throws Error with the compiler's messages if a package does not compile
 */
export async function buildPackages(): Promise<string[]> {
  const built: string[] = [];
  for (const { name, folder } of inDependencyOrder(packagesToBuild())) {
    if (isFresh(folder)) continue;
    const { code, output } = await runNode([BUILDER], { cwd: folder });
    if (code !== 0) throw new Error(`Building ${name} failed:\n${output.trimEnd()}`);
    built.push(name);
  }
  return built;
}

function packagesToBuild(): Package[] {
  const packages = join(ROOT, 'packages');
  return readdirSync(packages).flatMap((entry) => {
    const folder = join(packages, entry);
    const file = join(folder, 'package.json');
    if (!existsSync(file)) return [];
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    if (manifest.scripts?.['build'] === undefined) return [];
    return [{ name: manifest.name, folder, dependencies: Object.keys(manifest.dependencies ?? {}) }];
  });
}

/** Each package comes after those it depends on, because the compiler reads their types. */
function inDependencyOrder(packages: Package[]): Package[] {
  const ordered = new Set<Package>();
  const visit = (wanted: Package): void => {
    for (const other of packages) {
      if (wanted.dependencies.includes(other.name) && !ordered.has(other)) visit(other);
    }
    ordered.add(wanted);
  };
  packages.forEach(visit);
  return [...ordered];
}

function isFresh(folder: string): boolean {
  const stamp = join(folder, STAMP);
  if (!existsSync(stamp)) return false;
  const settings = readdirSync(folder).filter((file) => /^(package|tsconfig.*)\.json$/.test(file));
  const inputs = [join(folder, 'src'), ...settings.map((file) => join(folder, file))];
  return newest([...inputs, join(ROOT, 'tsconfig.base.json'), BUILDER]) <= statSync(stamp).mtimeMs;
}

/** The time of the latest change below the paths. A folder changes when an entry is added or removed. */
function newest(paths: string[]): number {
  let latest = 0;
  for (const path of paths) {
    const stats = statSync(path);
    latest = Math.max(latest, stats.mtimeMs);
    if (stats.isDirectory()) latest = Math.max(latest, newest(readdirSync(path).map((entry) => join(path, entry))));
  }
  return latest;
}
