/** Applications bundled with the exporter into one file, which runs where no packages are installed. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import commonjsPlugin from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { expect } from 'chai';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import { eachTest } from './support/each-test.js';

const ENTRY = fileURLToPath(new URL('support/bundled.mjs', import.meta.url));
/** The types of this plugin describe a CommonJS module, but tests import an ES module. */
const commonjs = commonjsPlugin as unknown as typeof commonjsPlugin.default;
/** CommonJS code in an ES module bundle calls `require`, which ES modules lack. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

async function withEsbuild(): Promise<string> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'silent',
    banner: { js: REQUIRE },
  });
  return outputFiles[0]?.text ?? '';
}

async function withRollup(): Promise<string> {
  const graph = await rollup({
    input: ENTRY,
    onwarn: () => undefined,
    // Only tracking URIs of SageMaker need them, and they need another plugin, for JSON.
    external: /^@(?:aws-sdk|smithy)\//,
    plugins: [
      nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }),
      // Undici requires node:sqlite only for a cache. Rollup would import it at the start, and Node.js 20 lacks it.
      commonjs({ ignore: ['node:sqlite'] }),
    ],
  });
  const { output } = await graph.generate({ format: 'esm', inlineDynamicImports: true, banner: REQUIRE });
  await graph.close();
  return output[0].code;
}

describe('a bundle', () => {
  const { startServer } = eachTest();
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bundles-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [bundler, bundle] of Object.entries({ esbuild: withEsbuild, rollup: withRollup })) {
    it(`of ${bundler} exports its spans and ends`, async () => {
      const server = await startServer();
      const program = join(folder, `${bundler}.mjs`);
      writeFileSync(program, await bundle());
      const child = spawn(process.execPath, [program, server.url], { cwd: folder, stdio: 'inherit' });
      expect(await once(child, 'exit')).to.deep.equal([0, null]);
      expect(server.requests.map(({ method, path }) => `${method} ${path.split('?')[0]}`)).to.deep.equal([
        'GET /api/2.0/mlflow/experiments/get-by-name',
        'POST /v1/traces',
        'POST /api/3.0/mlflow/traces',
      ]);
    }).timeout(300_000);
  }
});
