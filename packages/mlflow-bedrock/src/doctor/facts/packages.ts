/** Finds the packages of an application as Node.js finds them, in the layouts of npm, pnpm and Yarn's node_modules. */

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { InstalledPackage, PackageFacts } from '../model/facts.js';

/** The members of `package.json` that matter. */
interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Large applications have about 2,000. */
const MAX_PACKAGES = 10_000;

/**
 * Follows the dependencies of the application.
 *
 * @param folder a folder of the application
 * @param names the packages to return
 */
export function findPackages(folder: string, names: ReadonlySet<string>): PackageFacts {
  const root = rootAbove(folder) ?? folder;
  const packages: InstalledPackage[] = [];
  const seen = new Set([root]);
  const pending = [root];
  for (let at = pending.shift(); at !== undefined && seen.size < MAX_PACKAGES; at = pending.shift()) {
    const manifest = readManifest(at);
    if (typeof manifest.name === 'string' && names.has(manifest.name) && at !== root) {
      packages.push({ name: manifest.name, version: String(manifest.version), folder: shown(at, root) });
    }
    for (const name of dependenciesOf(manifest, at === root)) {
      const found = findPackage(at, name);
      if (found === undefined || seen.has(found)) continue;
      seen.add(found);
      pending.push(found);
    }
  }
  const isPlugAndPlay = existsSync(join(root, '.pnp.cjs'));
  return { root, isPlugAndPlay, packages: packages.sort((one, other) => one.name.localeCompare(other.name)) };
}

/**
 * The nearest folder with a `package.json` that has dependencies, from this one upwards, or else the nearest with any. In
 * the output of a build, a `package.json` often only has a `type`.
 */
function rootAbove(folder: string): string | undefined {
  let nearest: string | undefined;
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) {
      if (dependenciesOf(readManifest(at), true).length > 0) return realpathSync(at);
      nearest ??= realpathSync(at);
    }
    if (dirname(at) === at) return nearest;
  }
}

function dependenciesOf(manifest: Manifest, isRoot: boolean): string[] {
  const { dependencies, optionalDependencies, peerDependencies, devDependencies } = manifest;
  const lists = [dependencies, optionalDependencies, peerDependencies, ...(isRoot ? [devDependencies] : [])];
  return lists.flatMap((list) => Object.keys(list ?? {}));
}

/** The folder of a package, as a module in `from` would get it. */
function findPackage(from: string, name: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return realpathSync(folder);
    if (dirname(at) === at) return undefined;
  }
}

function readManifest(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return {};
  }
}

function shown(folder: string, root: string): string {
  const path = relative(root, folder).replaceAll('\\', '/');
  return path.startsWith('..') ? folder : path;
}
