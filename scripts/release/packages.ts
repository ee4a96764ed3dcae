/** The packages that are published. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The root of the repository. */
export const ROOT: string = resolve(import.meta.dirname, '../..');

/** Their folders in `packages`, each after those it depends on. */
export const PUBLISHED: readonly string[] = ['instrumentation-bedrock', 'exporter-mlflow', 'mlflow-bedrock'];

/** What these scripts read and write of a package.json. */
export interface Manifest {
  name: string;
  version: string;
  repository?: { type: string; url: string; directory?: string };
  homepage?: string;
  bugs?: { url: string };
  exports: Record<string, unknown>;
  files: string[];
  dependencies: Record<string, string>;
  devDependencies?: Record<string, string>;
  scripts?: Record<string, string>;
}

/** @param folder relative to the root of the repository */
export function readManifest(folder: string, root: string = ROOT): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
}

export function writeManifest(folder: string, manifest: Manifest, root: string = ROOT): void {
  writeFileSync(join(root, folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}
