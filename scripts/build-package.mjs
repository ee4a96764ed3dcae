// Builds the package in the current folder twice, as ES modules and as CommonJS, each with its own types.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';

function compile(project) {
  const { status } = spawnSync('tsc', ['-p', project], { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}

rmSync('dist', { recursive: true, force: true });
compile('tsconfig.esm.json');
compile('tsconfig.cjs.json');
// The package is "type": "module"; this marks the second build for Node.js and TypeScript as CommonJS.
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
cpSync('../../LICENSE', 'LICENSE');
