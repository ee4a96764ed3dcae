/** What an installation of the packages consists of. */

import { execa } from 'execa';

/** The part of a CycloneDX document that these scripts read. */
export interface Sbom {
  components: {
    name: string;
    version: string;
    licenses?: { license?: { id?: string; name?: string }; expression?: string }[];
    externalReferences?: { type: string; url: string }[];
  }[];
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
