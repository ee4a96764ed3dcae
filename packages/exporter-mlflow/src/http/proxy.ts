import { type ClientRequest, Agent as HttpAgent, request as requestHttp } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { BlockList, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { MlflowError } from '../common/error.js';
import { withoutTracing } from '../common/suppress.js';

/**
 * The way through an HTTP proxy. Own code, because Node.js 20 has none: its agents understand these variables from 22.21
 * and 24.5 on, and only when started with NODE_USE_ENV_PROXY.
 */
export interface HttpProxy {
  /** Without credentials: fit for messages. */
  url: string;
  /** The environment variable it comes from, for messages. */
  variable: string;
  secure: boolean;
  host: string;
  port: number;
  /** Value of `proxy-authorization`. */
  authorization?: string;
}

/** The proxy itself does not let us through until someone changes a setting. */
export const PROXY_REFUSED_CODE = 'PROXY_REFUSED';
/** The proxy, or what is behind it, is away. */
export const PROXY_UNAVAILABLE_CODE = 'PROXY_UNAVAILABLE';

// A proxy that does not answer; the deadline of the request usually comes first.
const CONNECT_TIMEOUT_MILLIS = 30_000;
const OUTAGE_STATUSES = new Set([408, 429, 500, 502, 503, 504]);

/**
 * The proxy for this server by `https_proxy`, `http_proxy` and `no_proxy`, in lower case or upper case, lower case first
 * as with curl and Python. This machine itself is never reached through a proxy.
 *
 * @throws MlflowError when the variable holds no usable address, without credentials in it
 */
export function resolveProxy(target: URL, env: NodeJS.ProcessEnv): HttpProxy | undefined {
  const read = (name: string): [string, string] | undefined => {
    for (const variable of [name, name.toUpperCase()]) {
      const value = env[variable]?.trim();
      if (value) return [variable, value];
    }
    return undefined;
  };
  const [variable, address] = read(target.protocol === 'https:' ? 'https_proxy' : 'http_proxy') ?? [];
  if (variable === undefined || address === undefined) return undefined;
  if (bypassesProxy(target, read('no_proxy')?.[1] ?? '')) return undefined;

  const text = address.includes('://') ? address : `http://${address}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || /@/.test(`${url.pathname}${url.search}${url.hash}`)) {
    throw new MlflowError(
      `${variable} is not the address of an HTTP proxy: set it to http://host:port or https://host:port, with special characters of its user name and password percent-encoded, or add the host of the tracking URI to no_proxy.`,
    );
  }
  const secure = url.protocol === 'https:';
  return {
    url: url.origin,
    variable,
    secure,
    host: withoutBrackets(url.hostname),
    port: Number(url.port) || (secure ? 443 : 80),
    ...(url.username ? { authorization: basicAuthorization(url, variable) } : {}),
  };
}

function basicAuthorization(url: URL, variable: string): string {
  try {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  } catch {
    throw new MlflowError(`${variable} has a "%" in its credentials that encodes nothing: write "%" as "%25".`);
  }
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Entries of `no_proxy` are parted by commas or spaces: a host (with all its subdomains, with or without a leading dot),
 * `host:port`, an address, a range as in `10.0.0.0/8`, or `*` for everything.
 */
export function bypassesProxy(target: URL, noProxy: string): boolean {
  const host = withoutBrackets(target.hostname).toLowerCase().replace(/\.$/, '');
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || host.endsWith('.localhost') || includesAddress(LOOPBACK, host)) return true;
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
  // Of an IPv6 address, the part behind the last colon is a port only after a bracket.
  const [, bracketed, plain, wantedPort] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  const wanted = bracketed ?? plain ?? entry;
  if (wantedPort !== undefined && wantedPort !== port) return false;
  if (isIP(host) !== 0) return isIP(wanted) !== 0 && inRange(host, wanted, isIP(wanted) === 6 ? 128 : 32);
  const domain = wanted.replace(/^\*?\./, '').replace(/\.$/, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

/** Compares addresses by value: IPv6 has many spellings. */
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

/** How a request must be changed to go through a proxy that forwards plain HTTP. */
export function throughForwardProxy(
  proxy: HttpProxy,
  target: URL,
): { host: string; port: number; path: string; headers: Record<string, string> } {
  return {
    host: proxy.host,
    port: proxy.port,
    path: target.href,
    headers: {
      host: target.host,
      ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
    },
  };
}

/** An agent for plain HTTP to the proxy, which forwards it. */
export function createForwardAgent(proxy: HttpProxy, options: AgentOptions): HttpAgent {
  return proxy.secure ? new HttpsAgent(options) : new HttpAgent(options);
}

/** An agent for HTTPS through tunnels, in which the proxy sees neither credentials nor content. */
export class TunnelAgent extends HttpsAgent {
  readonly #proxy: HttpProxy;
  readonly #connecting = new Set<ClientRequest>();

  constructor(proxy: HttpProxy, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(
    options: Parameters<HttpsAgent['createConnection']>[0],
    callback?: Parameters<HttpsAgent['createConnection']>[1],
  ): Duplex | null | undefined {
    const done = callback as (error: Error | null, stream?: Duplex) => void;
    const { host, port } = options as { host: string; port: number };
    const proxy = this.#proxy;
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    // A request that waited for a free connection gets here in a context that is not its own.
    const connect = withoutTracing(() =>
      (proxy.secure ? requestHttps : requestHttp)({
        host: proxy.host,
        port: proxy.port,
        method: 'CONNECT',
        path: authority,
        headers: {
          host: authority,
          ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
        },
        agent: false,
        timeout: CONNECT_TIMEOUT_MILLIS,
      }),
    );
    this.#connecting.add(connect);
    connect.once('close', () => this.#connecting.delete(connect));
    connect.once('timeout', () => connect.destroy(new Error('no answer in time')));
    connect.once('error', (error: Error) => {
      const message = `proxy ${proxy.url}: ${error.message || (error as NodeJS.ErrnoException).code}`;
      done(Object.assign(new Error(message), { code: PROXY_UNAVAILABLE_CODE }));
    });
    connect.once('connect', ({ statusCode = 0 }, socket) => {
      socket.setTimeout(0);
      if (statusCode >= 200 && statusCode < 300) {
        const secured = super.createConnection({ ...options, socket } as typeof options);
        return done(null, secured ?? undefined);
      }
      socket.destroy();
      done(refusal(proxy, authority, statusCode));
    });
    connect.end();
    return undefined;
  }

  override destroy(): void {
    for (const connect of this.#connecting) connect.destroy();
    super.destroy();
  }
}

function refusal(proxy: HttpProxy, authority: string, status: number): Error {
  if (OUTAGE_STATUSES.has(status)) {
    const message = `proxy ${proxy.url} answered ${status}`;
    return Object.assign(new Error(message), { code: PROXY_UNAVAILABLE_CODE });
  }
  return Object.assign(
    new Error(
      status === 407
        ? proxyWantsCredentials(proxy)
        : `The proxy ${proxy.url} does not connect to ${authority} (${status}): allow it there, or add the host to no_proxy.`,
    ),
    { code: PROXY_REFUSED_CODE },
  );
}

function proxyWantsCredentials({ url, variable }: HttpProxy): string {
  return `The proxy ${url} refuses the credentials (407): put user name and password into ${variable}, as in http://user:password@host:port.`;
}
