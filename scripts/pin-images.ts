import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { COMPOSE_FILE } from 'testing/compose.js';

/** Manifests of images for several platforms. A digest of one platform's manifest would not run on the others. */
const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const IMAGE = /^(?<before>\s*image:\s+(?:&\S+\s+)?)(?<name>[^\s@*&]+:[^\s@:/]+)(?:@(?<digest>sha256:[0-9a-f]{64}))?$/gm;
const DOCKER_HUB = 'registry-1.docker.io';
const TIMEOUT_MILLIS = 30_000;

/** An image as a registry knows it. */
interface ImageAddress {
  /** Host, with a port if it has one. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/** `npm run pin-images` asks the registries for the images of docker-compose.yml and writes their digests into the file. */
export async function main(): Promise<number> {
  const text = readFileSync(COMPOSE_FILE, 'utf8');
  const pinned = await pinImages(
    text,
    (name) => digestOf(addressOf(name)),
    (line) => console.log(line),
  );
  if (pinned !== text) writeFileSync(COMPOSE_FILE, pinned);
  return 0;
}

/**
 * Writes the digest of each image behind its tag, in place of an older one.
 *
 * @param resolve returns the digest of `name:tag`
 * @param log receives a line for each image
 */
export async function pinImages(
  text: string,
  resolve: (name: string) => Promise<string>,
  log: (line: string) => void = () => {},
): Promise<string> {
  const digests = new Map<string, string>();
  for (const { groups: { name = '', digest: old } = {} } of text.matchAll(IMAGE)) {
    const digest = await resolve(name);
    digests.set(name, digest);
    log(`${name}  ${digest}${digest === old ? '' : '  new'}`);
  }
  return text.replaceAll(IMAGE, (...found) => {
    const { before, name } = found.at(-1) as { before: string; name: string };
    return `${before}${name}@${digests.get(name)}`;
  });
}

/** Where Docker looks for `name:tag`. */
export function addressOf(name: string): ImageAddress {
  const [path = '', tag = ''] = name.split(/:(?=[^/:]+$)/);
  const [first = '', ...rest] = path.split('/');
  const hasHost = rest.length > 0 && /[.:]|^localhost$/.test(first);
  if (hasHost) return { registry: first === 'docker.io' ? DOCKER_HUB : first, repository: rest.join('/'), tag };
  return { registry: DOCKER_HUB, repository: rest.length === 0 ? `library/${first}` : path, tag };
}

/**
 * Asks a registry for the digest of an image, and computes it from the answer.
 *
 * @param scheme default: `https`
 * @throws Error if the registry cannot be reached, does not know the tag, or answers with another digest than the content has
 */
export async function digestOf(image: ImageAddress, scheme: 'https' | 'http' = 'https'): Promise<string> {
  const { registry, repository, tag } = image;
  const what = `${registry}/${repository}:${tag}`;
  const url = `${scheme}://${registry}/v2/${repository}/manifests/${tag}`;
  const accept = INDEX_TYPES.join(', ');
  let response = await get(url, { accept }, what);
  if (response.status === 401) {
    const authorization = `Bearer ${await anonymousToken(response.headers.get('www-authenticate') ?? '', what)}`;
    response = await get(url, { accept, authorization }, what);
  }
  if (!response.ok) throw new Error(`${what}: the registry answered ${response.status}. Check the name and the tag.`);
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  if (!INDEX_TYPES.includes(type)) throw new Error(`${what} is not an image for several platforms, but ${type}.`);
  const digest = `sha256:${createHash('sha256')
    .update(Buffer.from(await response.arrayBuffer()))
    .digest('hex')}`;
  const said = response.headers.get('docker-content-digest');
  if (said !== null && said !== digest) {
    throw new Error(
      `${what}: the registry names ${said}, but the content has ${digest}. Try again on another network.`,
    );
  }
  return digest;
}

/** Gets the token that registries give to everyone for public images. */
async function anonymousToken(challenge: string, what: string): Promise<string> {
  const parts = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  const { realm, service = '', scope = '' } = parts as { realm?: string; service?: string; scope?: string };
  if (!/^Bearer /i.test(challenge) || realm === undefined) throw new Error(`${what}: the registry asks for a login.`);
  const response = await get(`${realm}?${new URLSearchParams({ service, scope })}`, {}, what);
  const { token, access_token } = (await response.json()) as { token?: string; access_token?: string };
  const given = token ?? access_token;
  if (given === undefined) throw new Error(`${what}: the registry gave no token, status ${response.status}.`);
  return given;
}

async function get(url: string, headers: Record<string, string>, what: string): Promise<Response> {
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MILLIS) });
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Error(`${what}: the registry cannot be reached (${cause instanceof Error ? cause.message : message}).`);
  }
}
