// Builds the package in the current folder twice, as ES modules and as CommonJS, each with its own types.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
// The build is made here and moved in one step, so that a running program never finds half a build. This folder is on the
// same disk, and every tool ignores node_modules.
const ASIDE = join('node_modules', `.build-${process.pid}`);
const FRESH = join(ASIDE, 'dist');
/** Its time stamp is the start of the build. packages/testing/src/build.ts compares it with the sources. */
const STAMP = join(FRESH, 'cjs', 'package.json');

/** @param {'esm' | 'cjs'} format */
function compile(format) {
  const args = [TSC, '-p', `tsconfig.${format}.json`, '--outDir', join(FRESH, format)];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  return status === 0;
}

function replaceDist() {
  for (let attempt = 1; ; attempt++) {
    try {
      if (existsSync('dist')) renameSync('dist', join(ASIDE, `old-${attempt}`));
      renameSync(FRESH, 'dist');
      return;
    } catch (error) {
      // Another build of this package has just created the folder.
      if (attempt === 5) throw error;
    }
  }
}

const started = new Date();
mkdirSync(ASIDE, { recursive: true });
try {
  if (!compile('esm') || !compile('cjs')) {
    process.exitCode = 1;
  } else {
    // The package is "type": "module"; this marks the second build for Node.js and TypeScript as CommonJS.
    writeFileSync(STAMP, '{ "type": "commonjs" }\n');
    // The start, so that a source that changed during the build is newer than the build.
    utimesSync(STAMP, started, started);
    replaceDist();
    cpSync(join(ROOT, 'LICENSE'), 'LICENSE');
  }
} finally {
  rmSync(ASIDE, { recursive: true, force: true });
}
