/** What an installation of the packages consists of. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { buildPackages } from 'testing/build.js';
import { installPackages } from 'testing/npm.js';
import { packPackages } from './pack.js';
import { ROOT } from './packages.js';
import { currentVersion } from './version.js';

const FOLDER = join(ROOT, '.mlflow', 'release');

/** The part of a CycloneDX document that these scripts read. */
export interface Sbom {
  components: {
    name: string;
    version: string;
    licenses?: { license?: { id?: string; name?: string }; expression?: string }[];
    externalReferences?: { type: string; url: string }[];
  }[];
}

/**
 * `npm run sbom` lists what `npm install mlflow-bedrock @opentelemetry/api` installs with this Node.js, in the format of
 * CycloneDX. The list is made from an installation of the packed packages.
 */
export async function main(): Promise<number> {
  await buildPackages();
  const packed = await packPackages(FOLDER);
  const temporary = mkdtempSync(join(tmpdir(), 'sbom-'));
  try {
    const folder = join(temporary, 'application');
    const own = Object.fromEntries(packed.map(({ name, file }) => [name, `file:${file}`]));
    await installPackages(folder, { ...own, '@opentelemetry/api': '^1.9.0' });
    const sbom = await sbomOf(folder);
    const file = join(FOLDER, `mlflow-bedrock-${currentVersion()}.cdx.json`);
    writeFileSync(file, `${JSON.stringify(sbom, undefined, 2)}\n`);
    console.log(`${sbom.components.length} packages: ${file}`);
    return 0;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Lists the packages that npm has installed into a folder. Its package.json needs a name and a version for that. */
export async function sbomOf(folder: string): Promise<Sbom> {
  const { stdout } = await execa('npm', ['sbom', '--sbom-format=cyclonedx', '--sbom-type=library'], { cwd: folder });
  const sbom = JSON.parse(stdout) as Sbom;
  // The packed packages have the address of this machine's disk until they are published.
  const isLocal = ({ url }: { url: string }): boolean => url.startsWith('file:');
  const components = sbom.components.map(({ externalReferences = [], ...component }) => ({
    ...component,
    externalReferences: externalReferences.filter((reference) => !isLocal(reference)),
  }));
  return { ...sbom, components };
}

/** The licence of each package, as SPDX writes it. */
export function licensesOf({ components }: Sbom): Map<string, string> {
  return new Map(
    components.map(({ name, licenses = [] }) => [
      name,
      licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name ?? 'unknown').join(' AND '),
    ]),
  );
}
