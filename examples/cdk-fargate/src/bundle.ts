import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { temporaryFolder } from './temporary.js';

const EXAMPLES = fileURLToPath(new URL('../..', import.meta.url));

/** Bundles a file of an example with its imports. Returns the new folder, which is deleted when this process ends. */
export function bundle(entry: string): string {
  const folder = temporaryFolder('bundle');
  buildSync({
    entryPoints: [join(EXAMPLES, entry)],
    outfile: join(folder, 'index.js'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    logLevel: 'warning',
    // Keeps absolute paths out of the bundle, because they would change its hash on each machine.
    absWorkingDir: EXAMPLES,
  });
  return folder;
}

/** Does the same and adds a Dockerfile, so that Docker can build an image from the folder. */
export function bundleWithDockerfile(entry: string): string {
  const folder = bundle(entry);
  const lines = ['FROM public.ecr.aws/docker/library/node:24-slim', 'WORKDIR /app', 'COPY index.js .', 'USER node'];
  writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
  return folder;
}
