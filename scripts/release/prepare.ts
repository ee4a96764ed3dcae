import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { PUBLISHED, ROOT, readManifest, writeManifest } from './packages.js';
import { parseRepository, repositoryFields } from './repository.js';

const USAGE = 'Usage: npm run release:prepare -- [--repository <address>]';

/**
 * `npm run release:prepare` writes the address of the repository into each package.json. It is the one of the option
 * `--repository`, or that of the Git remote `origin`.
 */
export async function main(args: string[]): Promise<number> {
  const host = parseRepository(addressOf(args) ?? (await originOf(ROOT)));
  prepare(host, ROOT);
  console.log(`The packages name ${host.browse()}. Review the changes with "git diff", then commit them.`);
  return 0;
}

/** Writes the address into each package.json below a folder. A second time, nothing changes. */
export function prepare(host: ReturnType<typeof parseRepository>, root: string): void {
  const { repository } = repositoryFields(host);
  writeManifest('.', { ...readManifest('.', root), repository }, root);
  for (const entry of PUBLISHED) {
    const directory = `packages/${entry}`;
    writeManifest(directory, { ...readManifest(directory, root), ...repositoryFields(host, directory) }, root);
  }
}

function addressOf(args: string[]): string | undefined {
  try {
    return parseArgs({ args, options: { repository: { type: 'string' } } }).values.repository;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}

async function originOf(root: string): Promise<string> {
  const { stdout, failed } = await execa('git', ['remote', 'get-url', 'origin'], { cwd: root, reject: false });
  if (!failed) return stdout.trim();
  throw new Error(`The address of the repository is unknown: there is no Git remote "origin". ${USAGE}`);
}
