/** Installs what a cell needs as a user would: the packed packages, and the others from the npm registry. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { type Cell, packagesOf } from './cells.js';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.mlflow', 'matrix');
const PACKAGES = ['instrumentation-bedrock', 'exporter-mlflow', 'mlflow-bedrock'];
const INSTALL = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];

/** A published form of one of this project's packages. */
export interface Packed {
  readonly name: string;
  readonly file: string;
}

/** Packs the built packages as for publication, with pnpm, which replaces `workspace:` by versions. */
export async function packPackages(folder: string = join(FOLDER, 'packed')): Promise<Packed[]> {
  mkdirSync(folder, { recursive: true });
  return Promise.all(
    PACKAGES.map(async (entry) => {
      const pack = ['-y', 'pnpm@12', 'pack', '--json', '--pack-destination', folder];
      const output = await run('npx', pack, join(ROOT, 'packages', entry));
      const { name, filename } = JSON.parse(output) as { name: string; filename: string };
      return { name, file: filename };
    }),
  );
}

const installations = new Map<string, Promise<string>>();

/** The folder with a cell's packages, which all versions of Node.js share. Later runs use it again. */
export function installCell(cell: Cell, packed: readonly Packed[]): Promise<string> {
  const folder = join(FOLDER, `opentelemetry-${cell.line.name}-sdk-${cell.sdk}`);
  return once(folder, async () => {
    const own = Object.fromEntries(packed.map(({ name, file }) => [name, `file:${file}`]));
    await install(folder, { ...packagesOf(cell), ...own }, packed);
    checkLine(folder, cell);
  });
}

/** @throws Error if the instrumentation does not use the OpenTelemetry of the cell */
function checkLine(folder: string, { line }: Cell): void {
  const modules = join(folder, 'node_modules');
  const isShared = !existsSync(join(modules, 'opentelemetry-instrumentation-bedrock', 'node_modules'));
  const manifest = readFileSync(join(modules, '@opentelemetry', 'instrumentation', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  if (isShared && version === line.packages['@opentelemetry/sdk-node']) return;
  throw new Error(`npm installed other packages than those of OpenTelemetry ${line.name} in ${folder}.`);
}

/**
 * The path of a `node` program of this version: the one that runs now, or one from the npm registry.
 *
 * @returns undefined if the registry has none for this platform
 */
export async function installNode(version: string): Promise<string | undefined> {
  if (version === process.versions.node) return process.execPath;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const folder = join(FOLDER, `node-${version}`);
  try {
    await once(folder, () => install(folder, { [name]: version }, []));
  } catch (error) {
    if (/E404|ETARGET|EBADPLATFORM/.test(String(error))) return undefined;
    throw error;
  }
  return join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

function once(folder: string, work: () => Promise<void>): Promise<string> {
  const installation = installations.get(folder) ?? work().then(() => folder);
  installations.set(folder, installation);
  return installation;
}

async function install(
  folder: string,
  dependencies: Readonly<Record<string, string>>,
  packed: readonly Packed[],
): Promise<void> {
  const hash = createHash('sha256').update(JSON.stringify(dependencies));
  for (const { file } of packed) hash.update(readFileSync(file));
  const stamp = join(folder, `installed-${hash.digest('hex').slice(0, 24)}`);
  if (existsSync(stamp)) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  await run('npm', INSTALL, folder);
  writeFileSync(stamp, '');
}

async function run(program: 'npm' | 'npx', args: readonly string[], cwd: string): Promise<string> {
  const { failed, stdout, stderr, shortMessage } = await execa(program, args, { cwd, reject: false });
  if (failed) throw new Error(`${program} ${args.join(' ')} failed in ${cwd}: ${stderr || shortMessage}`);
  return stdout;
}
