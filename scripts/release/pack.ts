/** Packs packages as npm publishes them. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Manifest, PUBLISHED, ROOT, readManifest, writeManifest } from './packages.js';
import { absoluteLinks, parseRepository } from './repository.js';

const PAGES = ['README.md', 'CHANGELOG.md'];

/** A published form of one of this project's packages. */
export interface Packed {
  readonly name: string;
  readonly file: string;
}

/** Packs the built packages, in the order of `PUBLISHED`. */
export async function packPackages(folder: string): Promise<Packed[]> {
  mkdirSync(folder, { recursive: true });
  const temporary = mkdtempSync(join(tmpdir(), 'pack-'));
  try {
    for (const entry of PUBLISHED) copyPackage(`packages/${entry}`, join(temporary, entry));
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await execa('npm', [...pack, ...PUBLISHED.map((entry) => `./${entry}`)], { cwd: temporary });
    const packed = JSON.parse(stdout) as { name: string; filename: string }[];
    return packed.map(({ name, filename }) => ({ name, file: join(folder, filename) }));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/**
 * Copies what is published of a package. Siblings get their version, and what only this repository can use is left out of
 * package.json. Once the address of the repository is known, pages link to it.
 */
function copyPackage(directory: string, target: string): void {
  const { devDependencies: _, scripts: __, ...manifest } = readManifest(directory);
  for (const entry of [...manifest.files, 'README.md', 'LICENSE']) {
    cpSync(join(ROOT, directory, entry), join(target, entry), { recursive: true });
  }
  writeManifest('.', { ...manifest, dependencies: withVersions(manifest.dependencies) }, target);
  linkPages(target, directory, manifest);
}

/** Replaces `workspace:^` by a range for the version of the sibling. */
function withVersions(dependencies: Readonly<Record<string, string>>): Record<string, string> {
  const versions = new Map(
    PUBLISHED.map((entry) => readManifest(`packages/${entry}`)).map(({ name, version }) => [name, version]),
  );
  const ranges = Object.entries(dependencies).map(([name, range]) => [
    name,
    range === 'workspace:^' ? `^${versions.get(name)}` : range,
  ]);
  return Object.fromEntries(ranges);
}

function linkPages(target: string, directory: string, { repository }: Pick<Manifest, 'repository'>): void {
  if (repository === undefined) return;
  const host = parseRepository(repository.url);
  for (const page of PAGES) {
    const file = join(target, page);
    writeFileSync(file, absoluteLinks(readFileSync(file, 'utf8'), host, directory));
  }
}
