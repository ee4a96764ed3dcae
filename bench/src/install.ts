/** Installs what is compared from npm: the peers with one AWS SDK and one OpenTelemetry, and Node.js itself. */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/** This repository. */
export const ROOT: string = resolve(import.meta.dirname, '..', '..');
const FOLDER: string = resolve(import.meta.dirname, '..', '.peers');

const PEERS: Readonly<Record<string, string>> = {
  '@aws-sdk/client-bedrock-runtime': '3.1162.0',
  '@opentelemetry/api': '1.9.1',
  '@opentelemetry/core': '2.12.0',
  '@opentelemetry/instrumentation': '0.223.0',
  '@opentelemetry/sdk-trace-node': '2.12.0',
  '@opentelemetry/exporter-trace-otlp-proto': '0.223.0',
  '@traceloop/instrumentation-bedrock': '0.27.0',
  '@arizeai/openinference-instrumentation-bedrock': '0.5.1',
  '@opentelemetry/instrumentation-aws-sdk': '0.78.0',
};

/** Loads a package of the peers' folder. */
export const loadPeer: NodeJS.Require = createRequire(join(FOLDER, 'peers', 'package.json'));

/** Where programs find the peers by name. */
export const PEERS_FOLDER: string = join(FOLDER, 'peers');

/**
 * Installs the peers and copies the built instrumentation beside them, so that all share one AWS SDK and OpenTelemetry.
 *
 * @param base the folder of a second built checkout, to be measured as `before`
 * @throws Error if npm fails or a checkout is not built
 */
export function installPeers(log: (line: string) => void, base?: string): void {
  // The peer ranges of these packages contradict each other, which does not matter here.
  install(PEERS_FOLDER, PEERS, ['--legacy-peer-deps'], log);
  copyBuild(ROOT, 'this-project');
  if (base !== undefined) copyBuild(base, 'before');
}

/**
 * @param version for example `24` or `24.11.1`
 * @returns the path of the program
 * @throws Error if npm has no such version for this platform
 */
export function installNode(version: string, log: (line: string) => void): string {
  if (version === process.versions.node || version === process.versions.node.split('.')[0]) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(FOLDER, `node-${version}`);
  install(folder, { [name]: version }, [], log);
  return join(folder, 'node_modules', name, 'bin', 'node');
}

function copyBuild(checkout: string, name: string): void {
  const build = join(checkout, 'packages', 'instrumentation-bedrock', 'dist', 'cjs');
  if (!existsSync(build)) throw new Error(`${checkout} is not built. Run "npm run build" there first.`);
  const copy = join(PEERS_FOLDER, 'node_modules', name);
  rmSync(copy, { recursive: true, force: true });
  cpSync(build, copy, { recursive: true });
}

function install(
  folder: string,
  dependencies: Readonly<Record<string, string>>,
  options: readonly string[],
  log: (line: string) => void,
): void {
  const manifest = JSON.stringify({ private: true, dependencies });
  const stamp = join(folder, 'installed.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === manifest) return;
  log(`Installing ${Object.keys(dependencies).join(', ')}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), manifest);
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...options];
  const { status, stderr, error } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm could not install into ${folder}: ${error?.message ?? stderr.trim()}`);
  writeFileSync(stamp, manifest);
}
