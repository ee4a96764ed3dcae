import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Branch, commit and address of the folder's repository, as metadata that Python's client writes, too. Empty without a
 * repository, as in most containers. It reads a few small files of Git and does not start `git`.
 */
export function gitMetadata(folder: string): Record<string, string> {
  try {
    const own = findGitFolder(folder);
    if (own === undefined) return {};
    // The folder of a worktree points to the one that has branches and settings.
    const pointer = read(join(own, 'commondir'));
    const common = pointer === undefined ? own : resolve(own, pointer);
    const head = read(join(own, 'HEAD')) ?? '';
    const reference = /^ref: (refs\/heads\/(.+))$/.exec(head);
    const [, path = '', branch] = reference ?? [];
    const commit = reference === null ? head : (read(join(common, path)) ?? packedCommit(common, path));
    const url = remoteUrl(read(join(common, 'config')) ?? '');
    return {
      ...(branch === undefined ? {} : { 'mlflow.source.git.branch': branch }),
      ...(commit !== undefined && /^[0-9a-f]{40,64}$/.test(commit) ? { 'mlflow.source.git.commit': commit } : {}),
      ...(url === undefined ? {} : { 'mlflow.source.git.repoURL': url }),
    };
  } catch {
    // The working folder may be gone.
    return {};
  }
}

function findGitFolder(start: string): string | undefined {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    const candidate = join(folder, '.git');
    const stats = statSync(candidate, { throwIfNoEntry: false });
    if (stats?.isDirectory()) return candidate;
    // In worktrees and submodules, `.git` is a file that names the folder.
    const pointer = stats?.isFile() ? /^gitdir: (.+)$/m.exec(read(candidate) ?? '')?.[1] : undefined;
    if (pointer !== undefined) return resolve(folder, pointer);
    if (folder === dirname(folder)) return undefined;
  }
}

function packedCommit(common: string, path: string): string | undefined {
  const line = read(join(common, 'packed-refs'))
    ?.split('\n')
    .find((line) => line.endsWith(` ${path}`));
  return line?.slice(0, line.indexOf(' '));
}

/** Address of `origin`, or else of the first remote, without user name and password. */
function remoteUrl(config: string): string | undefined {
  const remotes = [...config.matchAll(/^\s*\[remote "(.+)"\]\s*\n(?:(?!\s*\[).*\n)*?\s*url\s*=\s*(\S+)/gm)];
  const url = (remotes.find(([, name]) => name === 'origin') ?? remotes[0])?.[2];
  return url?.replace(/^([a-z+]+:\/\/)[^/]*@/i, '$1');
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
