import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { temporaryFolder } from './temporary.js';

const EXAMPLES = fileURLToPath(new URL('../..', import.meta.url));

/** One file of an example with everything that it imports, in a new folder that goes with this process; the folder. */
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
    // Else paths of this machine would get into the file, and with them another hash on the next machine.
    absWorkingDir: EXAMPLES,
  });
  return folder;
}

/** The same, as a folder that an image is built from. */
export function bundleWithDockerfile(entry: string): string {
  const folder = bundle(entry);
  const lines = ['FROM public.ecr.aws/docker/library/node:24-slim', 'WORKDIR /app', 'COPY index.js .', 'USER node'];
  writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
  return folder;
}
