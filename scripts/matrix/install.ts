/** Installs what a cell needs as a user would: the packed packages, and the others from the npm registry. */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installNode, installPackages } from 'testing/npm.js';
import type { Packed } from '../release/pack.js';
import { type Cell, packagesOf } from './cells.js';

const ROOT = resolve(import.meta.dirname, '../..');
/** Holds the packages of all cells, and the packed packages. */
export const FOLDER: string = join(ROOT, '.mlflow', 'matrix');

/** The folder with a cell's packages, which all versions of Node.js share. Later runs use it again. */
export function installCell(cell: Cell, packed: readonly Packed[]): Promise<string> {
  const folder = join(FOLDER, `opentelemetry-${cell.line.name}-sdk-${cell.sdk}`);
  return once(folder, async () => {
    const own = Object.fromEntries(packed.map(({ name, file }) => [name, `file:${file}`]));
    await installPackages(folder, { ...packagesOf(cell), ...own }, { files: packed.map(({ file }) => file) });
    checkLine(folder, cell);
    return folder;
  });
}

/** @throws Error if npm installed another OpenTelemetry than that of the cell, or one of its packages twice */
function checkLine(folder: string, { line }: Cell): void {
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  const names = Object.keys(lock.packages).flatMap((path) => /@opentelemetry\/[^/]+$/.exec(path) ?? []);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw new Error(`npm installed these packages twice in ${folder}: ${twice.join(', ')}.`);
  const version = lock.packages['node_modules/@opentelemetry/instrumentation']?.version;
  // Packages of one line may have different patch releases.
  const minor = (text = ''): string => text.replace(/\.\d+$/, '');
  if (minor(version) === minor(line.packages['@opentelemetry/sdk-node'])) return;
  throw new Error(`npm installed other packages than those of OpenTelemetry ${line.name} in ${folder}.`);
}

/**
 * The path of a `node` program of this version: the one that runs now, or one from the npm registry.
 *
 * @returns undefined if the registry has none for this platform
 */
export function nodeOf(version: string): Promise<string | undefined> {
  return once(`node-${version}`, () => installNode(version, join(FOLDER, `node-${version}`)));
}

const running = new Map<string, Promise<unknown>>();

/** Cells run side by side and must not install into the same folder at the same time. */
function once<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const installation = (running.get(name) as Promise<Result> | undefined) ?? work();
  running.set(name, installation);
  return installation;
}
