/** The packages that are compared with: installed from npm into a folder of the benchmark's own, once. */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const FOLDER: string = resolve(import.meta.dirname, '..', '.peers');

export const PEER_VERSIONS: Readonly<Record<string, string>> = {
  '@aws-sdk/client-bedrock-runtime': '3.1162.0',
  '@opentelemetry/api': '1.9.1',
  '@opentelemetry/core': '2.12.0',
  '@opentelemetry/instrumentation': '0.223.0',
  '@opentelemetry/sdk-trace-node': '2.12.0',
  '@opentelemetry/exporter-trace-otlp-http': '0.223.0',
  '@traceloop/instrumentation-bedrock': '0.27.0',
  '@arizeai/openinference-instrumentation-bedrock': '0.5.1',
  '@opentelemetry/instrumentation-aws-sdk': '0.78.0',
};

/** Loads a package of that folder: all that is compared shares one AWS SDK and one OpenTelemetry. */
export const loadPeer: NodeJS.Require = createRequire(join(FOLDER, 'package.json'));

const OURS = 'opentelemetry-instrumentation-bedrock';

/** Loads a module of this project's instrumentation, `index.js` by default. */
export function loadOurs(module = 'index.js'): ReturnType<NodeJS.Require> {
  return loadPeer(join(FOLDER, 'node_modules', OURS, 'dist/cjs', module));
}

/**
 * Also copies this project's instrumentation there, as it is built: a user's, too, shares OpenTelemetry with the rest.
 *
 * @throws Error when npm cannot install them
 */
export function installPeers(log: (line: string) => void): void {
  installFromNpm(log);
  const copy = join(FOLDER, 'node_modules', OURS);
  rmSync(copy, { recursive: true, force: true });
  cpSync(resolve(import.meta.dirname, '../../packages/instrumentation-bedrock/dist'), join(copy, 'dist'), {
    recursive: true,
  });
}

function installFromNpm(log: (line: string) => void): void {
  const wanted = JSON.stringify({ private: true, dependencies: PEER_VERSIONS });
  const stamp = join(FOLDER, 'installed.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  log('Installing the packages to compare with');
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  writeFileSync(join(FOLDER, 'package.json'), wanted);
  // Their peer ranges contradict one another, which does not matter here.
  const args = ['install', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, stderr } = spawnSync('npm', args, { cwd: FOLDER, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm could not install the packages to compare with: ${stderr.trim()}`);
  writeFileSync(stamp, wanted);
}
