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
    const [, path = '', branch = ''] = reference ?? [];
    const commit = reference === null ? head : (read(join(common, path)) ?? packedCommit(common, path));
    const url = remoteUrl(read(join(common, 'config')) ?? '');
    return {
      ...(isBranch(branch) ? { 'mlflow.source.git.branch': branch } : {}),
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

// https://git-scm.com/docs/git-check-ref-format, and no longer than a file name.
const BRANCH = /^[^\p{C}\s~^:?*[\\]{1,255}$/u;

function isBranch(name: string): boolean {
  return BRANCH.test(name) && !TOKEN.test(name);
}

/** Address of `origin`, or else of the first remote that has one; undefined if it cannot be shown. */
function remoteUrl(config: string): string | undefined {
  const urls = readSettings(config).filter(({ section, key }) => section === 'remote' && key === 'url');
  const wanted = urls.find(({ subsection }) => subsection === 'origin') ?? urls[0];
  return wanted && publicAddress(wanted.value);
}

interface Setting {
  /** In lower case. */
  section: string;
  subsection: string;
  /** In lower case. */
  key: string;
  value: string;
}

const SECTION = /^\s*\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/;
const SETTING = /^\s*([a-z][\w-]*)\s*=\s*(.*)$/i;

/** The settings of a configuration file in their order, by https://git-scm.com/docs/git-config#_syntax. */
function readSettings(config: string): Setting[] {
  const settings: Setting[] = [];
  let [section, subsection] = ['', ''];
  // A backslash at the end of a line continues it.
  for (const line of config.replace(/((?:^|[^\\])(?:\\\\)*)\\\r?\n/g, '$1').split(/\r?\n/)) {
    const header = SECTION.exec(line);
    if (header !== null) [section, subsection] = [header[1] ?? '', (header[2] ?? '').replace(/\\(.)/g, '$1')];
    const [, key, value = ''] = SETTING.exec(line.slice(header?.[0].length ?? 0)) ?? [];
    if (key === undefined) continue;
    settings.push({ section: section.toLowerCase(), subsection, key: key.toLowerCase(), value: readValue(value) });
  }
  return settings;
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', b: '\b' };

/** The value without quotes, escapes and the comment after it. */
function readValue(text: string): string {
  let value = '';
  let isQuoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === '\\') {
      index += 1;
      const escaped = text.charAt(index);
      value += ESCAPES[escaped] ?? escaped;
    } else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && /[#;]/.test(character)) break;
    else value += character;
  }
  return value.trim();
}

// Other schemes are those of remote helpers, which may run a command, or name files of this machine.
const SHOWN_SCHEMES = new Set(['https:', 'http:', 'ssh:', 'git:']);
const HOST = /^(?:[\w-]+(?:\.[\w-]+)*\.?|\[[\da-f:.]+\])$/i;
// An "@" would be the rest of a user name, and other characters would belong to parameters.
const PATH = /^[\p{L}\p{N}\p{M}_./~+ -]+$/u;
// Prefixes by which GitHub, GitLab, Bitbucket, Atlassian and others mark their tokens, and the start of a JSON web token.
const TOKEN = /(?:(?:gh[a-z]|github_pat|bbp|hf|npm|sk)_|gl[a-z]{2,6}-|AT[A-Z]{2}T3|AKIA|dapi|eyJ)(?=[\w-]*\d)[\w-]{12}/;

/**
 * The address without user name, password and parameters. Undefined for a path of this machine, which may name its user,
 * and for an address in which credentials have no place of their own.
 */
function publicAddress(address: string): string | undefined {
  // The remote helper of AWS CodeCommit. A profile of the AWS settings may precede the name.
  const [, region, repository] = /^codecommit:(:[a-z0-9-]+:)?\/\/(?:[^@/]*@)?([\w.-]+)$/.exec(address) ?? [];
  if (repository !== undefined) return isPath(repository) ? `codecommit:${region ?? ''}//${repository}` : undefined;
  if (!address.includes('://')) {
    const [, user, host = '', path = ''] = /^(?:(.*)@)?([^@/:]+):([^:]+)$/.exec(address) ?? [];
    // Without a dot, the host may be a drive or a user name.
    if (!isHost(host) || !isPath(path) || !host.includes('.')) return undefined;
    // The user of hosting services, which takes the place of a credential.
    return user === 'git' ? `git@${host}:${path}` : `ssh://${host}/${path.replace(/^\/+/, '')}`;
  }
  if (!/^[a-z]+:\/\/[^/]/i.test(address) || !URL.canParse(address)) return undefined;
  const { protocol, hostname, port, pathname } = new URL(address);
  if (!SHOWN_SCHEMES.has(protocol) || !isHost(hostname) || !isPath(pathname)) return undefined;
  return `${protocol}//${hostname}${port && `:${port}`}${pathname}`;
}

function isHost(host: string): boolean {
  return HOST.test(host) && !TOKEN.test(host);
}

function isPath(path: string): boolean {
  try {
    const decoded = decodeURIComponent(path);
    return PATH.test(decoded) && !TOKEN.test(decoded);
  } catch {
    return false;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
