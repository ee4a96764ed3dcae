/** Installs what is compared from npm: the peers with one AWS SDK and one OpenTelemetry, and Node.js itself. */

import { cpSync, existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { installNode, installPackages } from 'testing/npm.js';

/** This repository. */
export const ROOT: string = resolve(import.meta.dirname, '..', '..');
const FOLDER: string = resolve(import.meta.dirname, '..', '.peers');
/** Where programs find the peers by name. */
export const PEERS_FOLDER: string = join(FOLDER, 'peers');

/** What is installed to compare with, with versions. */
export const PEERS: Readonly<Record<string, string>> = {
  '@aws-sdk/client-bedrock-runtime': '3.1162.0',
  '@aws-sdk/client-bedrock-agent-runtime': '3.1162.0',
  '@opentelemetry/api': '1.9.1',
  '@opentelemetry/core': '2.12.0',
  '@opentelemetry/instrumentation': '0.223.0',
  '@opentelemetry/sdk-trace-node': '2.12.0',
  '@opentelemetry/exporter-trace-otlp-proto': '0.223.0',
  '@traceloop/instrumentation-bedrock': '0.27.0',
  '@arizeai/openinference-instrumentation-bedrock': '0.5.1',
  '@arizeai/openinference-instrumentation-bedrock-agent-runtime': '1.2.1',
  '@opentelemetry/instrumentation-aws-sdk': '0.78.0',
};

/** Loads a package of the peers' folder. */
export const loadPeer: NodeJS.Require = createRequire(join(PEERS_FOLDER, 'package.json'));

/**
 * Installs the peers and copies the built instrumentation beside them, so that all share one AWS SDK and OpenTelemetry.
 *
 * @param base the folder of a second built checkout, to be measured as `before`
 * @throws Error if npm fails or a checkout is not built
 */
export async function installPeers(log: (line: string) => void, base?: string): Promise<void> {
  await installPackages(PEERS_FOLDER, PEERS, {
    // The peer ranges of these packages contradict each other, which does not matter here.
    options: ['--legacy-peer-deps'],
    onInstall: () => log('Installing the packages to compare with'),
  });
  copyBuild(ROOT, 'this-project');
  if (base !== undefined) copyBuild(base, 'before');
}

/**
 * Finds the program `node` of a version such as `24` or `24.11.1`.
 *
 * @throws Error if npm has no such version for this platform
 */
export async function findNode(version: string, log: (line: string) => void): Promise<string> {
  const onInstall = (): void => log(`Installing Node.js ${version}`);
  const node = await installNode(version, join(FOLDER, `node-${version}`), onInstall);
  if (node === undefined) throw new Error(`The npm registry has no Node.js ${version} for this platform.`);
  return node;
}

function copyBuild(checkout: string, name: string): void {
  const build = join(checkout, 'packages', 'instrumentation-bedrock', 'dist', 'cjs');
  if (!existsSync(build)) throw new Error(`${checkout} is not built. Run "npm run build" there first.`);
  const copy = join(PEERS_FOLDER, 'node_modules', name);
  rmSync(copy, { recursive: true, force: true });
  cpSync(build, copy, { recursive: true });
}
