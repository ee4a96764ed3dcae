import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackages } from 'testing/build.js';
import { apiReports } from './api-reports.js';
import { PUBLISHED, ROOT } from './packages.js';

/** `npm run api` writes the public API of each entry of the packages to `packages/<name>/api`, for reviews. */
export async function main(): Promise<number> {
  await buildPackages();
  for (const entry of PUBLISHED) {
    const folder = join(ROOT, 'packages', entry, 'api');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of apiReports(entry)) writeFileSync(join(folder, file), text);
  }
  return 0;
}
