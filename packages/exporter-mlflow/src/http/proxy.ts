import { BlockList, isIP } from 'node:net';
import { MlflowError } from '../common/error.js';
import { ownText, type ShownText } from '../common/shown-text.js';
import { hostOf, isLoopback } from './settings/loopback.js';

/** An HTTP proxy between the application and the tracking server. */
export interface HttpProxy {
  /** Without credentials: fit for messages. */
  url: ShownText;
  /** The environment variable that names the proxy, for messages. */
  variable: ShownText;
  /** Value of the header `proxy-authorization`; absent if the address has no credentials. */
  authorization?: string;
}

/**
 * Returns the proxy for this server by `https_proxy`, `http_proxy` and `no_proxy`, or undefined if none applies. Lower
 * case wins over upper case, as in curl and Python. Undici's own `EnvHttpProxyAgent` knows no ranges of addresses, sends
 * requests to loopback addresses through the proxy, and uses `http_proxy` for `https:` servers.
 *
 * @throws MlflowError if the variable holds no usable address; the message has no credentials
 */
export function resolveProxy(target: URL, env: NodeJS.ProcessEnv): HttpProxy | undefined {
  const [variable, address] = readVariable(env, target.protocol === 'https:' ? 'https_proxy' : 'http_proxy') ?? [];
  if (variable === undefined || address === undefined) return undefined;
  if (bypassesProxy(target, readVariable(env, 'no_proxy')?.[1] ?? '')) return undefined;

  const text = address.includes('://') ? address : `http://${address}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // An "@" after the host means that a password contains "/", "?" or "#", and that the parser cut it there.
  if (url === undefined || !/^https?:$/.test(url.protocol) || /@/.test(`${url.pathname}${url.search}${url.hash}`)) {
    throw new MlflowError(
      `${variable} is not the address of an HTTP proxy: set it to http://host:port or https://host:port, with special characters of its user name and password percent-encoded, or add the host of the tracking URI to no_proxy.`,
    );
  }
  return {
    url: ownText(url.origin),
    variable: ownText(variable),
    ...(url.username ? { authorization: basicAuthorization(url, variable) } : {}),
  };
}

function readVariable(env: NodeJS.ProcessEnv, name: string): [name: string, value: string] | undefined {
  for (const variable of [name, name.toUpperCase()]) {
    const value = env[variable]?.trim();
    if (value) return [variable, value];
  }
  return undefined;
}

function basicAuthorization(url: URL, variable: string): string {
  try {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  } catch {
    throw new MlflowError(`${variable} has a "%" in its credentials that encodes nothing: write "%" as "%25".`);
  }
}

/**
 * Returns whether requests go to this server directly. Commas or spaces separate the entries of `no_proxy`: a host, with
 * or without a leading dot, which includes its subdomains; `host:port`; an address; a range such as `10.0.0.0/8`; or `*`
 * for every server. Loopback addresses are always reached directly.
 */
export function bypassesProxy(target: URL, noProxy: string): boolean {
  if (isLoopback(target)) return true;
  const host = hostOf(target);
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const range = /^([^/]+)\/(\d+)$/.exec(entry);
  if (range) return inRange(host, withoutBrackets(range[1] ?? ''), Number(range[2]));
  // In an IPv6 address, the digits after the last colon are a port only if they follow a bracket.
  const [, bracketed, plain, wantedPort] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  const wanted = bracketed ?? plain ?? entry;
  if (wantedPort !== undefined && wantedPort !== port) return false;
  if (isIP(host) !== 0) return isIP(wanted) !== 0 && inRange(host, wanted, isIP(wanted) === 6 ? 128 : 32);
  const domain = wanted.replace(/^\*?\./, '').replace(/\.$/, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

/** Compares addresses by value, because an IPv6 address has many spellings. */
function inRange(host: string, network: string, prefix: number): boolean {
  const version = isIP(network);
  if (version === 0 || prefix > (version === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, version === 6 ? 'ipv6' : 'ipv4');
  return includesAddress(list, host);
}

function includesAddress(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
