import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { PUBLISHED, ROOT, readManifest } from './packages.js';

const CHANGESET = join(ROOT, 'node_modules', '@changesets', 'cli', 'bin.js');
const CONSTANT = 'packages/instrumentation-bedrock/src/version.ts';
const EXAMPLES = 'examples/bundled';

/** `npm run release:version` turns the files of `.changeset` into a new version, and their lines into the changelogs. */
export async function main(): Promise<number> {
  await execa(process.execPath, [CHANGESET, 'version'], { cwd: ROOT, stdio: 'inherit' });
  for (const [file, text] of filesWithVersion()) writeFileSync(file, text);
  console.log(`The version is ${currentVersion()}. Review the changes with "git diff", then commit them.`);
  return 0;
}

/** The version that all published packages have. */
export function currentVersion(): string {
  return readManifest(`packages/${PUBLISHED[0]}`).version;
}

/** The files, besides those of changesets, that name the version, as they must be. */
export function filesWithVersion(): Map<string, string> {
  const version = currentVersion();
  const replaced = (file: string, pattern: RegExp): [string, string] => {
    const path = join(ROOT, file);
    return [path, readFileSync(path, 'utf8').replace(pattern, `$1${version}$2`)];
  };
  const examples = readdirSync(join(ROOT, EXAMPLES), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [`${EXAMPLES}/${entry.name}/package.json`] : [],
  );
  return new Map([
    replaced(CONSTANT, /(VERSION = ')[^']*(')/),
    ...examples.map((file) => replaced(file, /("mlflow-bedrock": ")[^"]*(")/)),
  ]);
}
