/** The address of the repository: in package.json, and in links of pages that npmjs.com shows. */

import HostedGit from 'hosted-git-info';
import type { Manifest } from './packages.js';

/** npm proves the origin of packages from these hosts only. */
const HOSTS = ['github', 'gitlab'];
const EXAMPLE = 'https://github.com/<owner>/<name>';
const IMAGE = /\.(?:png|svg|gif|jpe?g|webp)$/;

/** @throws Error if the address is none of a repository at GitHub or GitLab */
export function parseRepository(address: string): HostedGit {
  // Without a scheme or a user it may be a folder, which the parser takes for a repository at GitHub.
  const host = /:\/\/|@/.test(address) ? HostedGit.fromUrl(address) : undefined;
  if (host !== undefined && HOSTS.includes(host.type)) return host;
  const shown = address.replace(/\/\/[^/]*@/, '//');
  throw new Error(
    `"${shown}" is not the address of a repository at GitHub or GitLab. npm proves the origin of packages from these hosts only. Pass it with --repository ${EXAMPLE}.`,
  );
}

/**
 * Returns the fields of package.json that name the repository. Credentials in the address are left out.
 *
 * @param directory of the package in the repository; none for the root
 */
export function repositoryFields(
  host: HostedGit,
  directory?: string,
): Required<Pick<Manifest, 'repository' | 'homepage' | 'bugs'>> {
  const url = `git+https://${host.domain}/${host.user}/${host.project}.git`;
  return {
    repository: { type: 'git', url, ...(directory === undefined ? {} : { directory }) },
    homepage: `${browse(host, directory)}#readme`,
    bugs: { url: host.bugs() },
  };
}

/**
 * Makes the relative links of a page absolute. Links in code stay.
 *
 * @param directory of the page in the repository
 */
export function absoluteLinks(page: string, host: HostedGit, directory: string): string {
  const links = /^ *```.*?^ *```$|`[^`\n]+`|(?<before>\]\(|\s(?:src|href)=")(?!#|[a-z]+:)(?<target>[^)"\s]+)/gms;
  return page.replaceAll(links, (...match) => {
    const groups = match.at(-1) as { before?: string; target?: string };
    if (groups.before === undefined || groups.target === undefined) return match[0];
    const { pathname, hash } = new URL(groups.target, `file:///${directory}/`);
    const path = pathname.slice(1).replace(/\/$/, '');
    return `${groups.before}${IMAGE.test(path) ? host.file(path) : browse(host, path)}${hash}`;
  });
}

function browse(host: HostedGit, path?: string): string {
  return path === undefined ? host.browse() : host.browse(path);
}
