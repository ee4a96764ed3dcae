/** Where the packages of the application are looked up. */

import { dirname, sep } from 'node:path';

const PACKAGES = `${sep}node_modules${sep}`;

/**
 * The folder of the program, and the working folder if both belong to one installation. A tool that is installed elsewhere,
 * such as globally, must load no code from the folder in which it is used. Programs without a file, such as `node -e`, have
 * the working folder only.
 */
export function applicationFolders(program: string | undefined = process.argv[1]): string[] {
  const working = workingFolder();
  if (program === undefined) return working === undefined ? [] : [working];
  const folder = dirname(program);
  const [root = folder] = program.includes(PACKAGES) ? program.split(PACKAGES) : [folder];
  return working !== undefined && `${working}${sep}`.startsWith(`${root}${sep}`) ? [folder, working] : [folder];
}

/** Undefined if the folder is gone. */
function workingFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
