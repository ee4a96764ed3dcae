import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPackages } from 'testing/build.js';
import { installPackages } from 'testing/npm.js';
import { packPackages } from './release/pack.js';
import { ROOT } from './release/packages.js';
import { sbomOf } from './release/sbom.js';
import { currentVersion } from './release/version.js';

const FOLDER = join(ROOT, '.mlflow', 'release');

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
