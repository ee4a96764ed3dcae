import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './pages.js';

/** The package whose manifest names the repository. */
const MANIFEST = join(ROOT, 'packages/mlflow-bedrock/package.json');

/** The address of the repository's page, without a trailing slash. Undefined if no package states it. */
export function repositoryUrl(manifest = readFileSync(MANIFEST, 'utf8')): string | undefined {
  const { repository } = JSON.parse(manifest) as { repository?: string | { url: string } };
  const url = typeof repository === 'string' ? repository : repository?.url;
  return url?.replace(/^git\+/, '').replace(/\.git$/, '');
}
