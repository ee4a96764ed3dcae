import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { buildConnector, Dispatcher, Pool } from 'undici';
import { ownText, say } from '../common/shown-text.js';
import type { ResolvedConnection } from './connection.js';
import {
  describeError,
  OUTAGE_STATUSES,
  OwnError,
  PROXY_REFUSED_CODE,
  PROXY_UNAVAILABLE_CODE,
} from './exchange/result.js';
import type { HttpProxy } from './proxy.js';

/**
 * How long before the server's own limit an idle connection ends, as in Node.js. With undici's default of two seconds,
 * servers with a limit of two seconds would get a new connection for every request.
 */
const KEEP_ALIVE_RESERVE_MILLIS = 1_000;

/** The way of requests to the server: directly, or through a proxy. */
export interface Route {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  /** Precedes the path of every request. */
  readonly base: string;
  /** Headers for the proxy. */
  readonly headers: Readonly<Record<string, string>>;
  /** Closes each connection as soon as it is idle. */
  retire(): void;
  /** Ends all connections, including those that are still being made. */
  close(): void;
}

/**
 * Opens connections through undici as requests need them. Loading undici takes longer than loading the rest of this
 * package, so it happens here and not at the start of the application.
 */
export async function openRoute(connection: ResolvedConnection): Promise<Route> {
  // Bun has a module of its own under the name `undici`, which lacks these classes. Its file is always the package.
  const undici = await import('undici/index.js');
  // Chunks that bundlers make of a CommonJS package have no other export than the default.
  const { Pool, buildConnector } = undici.default ?? undici;
  const { proxy, tls, maxSockets, attemptTimeoutMillis: timeout } = connection;
  const { origin, pathname, protocol, host } = new URL(connection.url);
  const base = pathname.replace(/\/$/, '');
  // The transport limits the time of each request itself.
  const limits = { connections: maxSockets, headersTimeout: 0, bodyTimeout: 0 };
  const options = { ...limits, keepAliveTimeoutThreshold: KEEP_ALIVE_RESERVE_MILLIS };
  const sockets = new Set<Socket>();
  const toServer = tracked(buildConnector({ ...tls, timeout }), sockets);
  const route = (way: Pick<Route, 'origin' | 'base' | 'headers'>, ...pools: [Pool, ...Pool[]]): Route => ({
    ...way,
    dispatcher: pools[0],
    retire() {
      for (const pool of pools) pool.close().catch(() => {});
    },
    close() {
      for (const pool of pools) pool.destroy().catch(() => {});
      for (const socket of sockets) socket.destroy();
    },
  });
  if (proxy === undefined) {
    return route({ origin, base, headers: {} }, new Pool(origin, { ...options, connect: toServer }));
  }

  const toProxy = tracked(buildConnector({ timeout }), sockets);
  if (protocol === 'https:') {
    const tunnels = new Pool(proxy.url, { connect: toProxy, headersTimeout: timeout });
    const connect: buildConnector.connector = (target, callback) => {
      openTunnel(tunnels, proxy, target).then(
        // The types of undici want a socket, but TLS runs over any stream.
        (tunnel) => toServer({ ...target, httpSocket: tunnel as Socket }, callback),
        (error: Error) => callback(error, null),
      );
    };
    return route({ origin, base, headers: {} }, new Pool(origin, { ...options, connect }), tunnels);
  }
  // A proxy forwards a request whose target is a whole URL: https://www.rfc-editor.org/rfc/rfc9112#name-absolute-form
  const headers = { host, ...proxyHeaders(proxy) };
  const forwarding = new Pool(proxy.url, { ...options, connect: toProxy });
  return route({ origin: proxy.url, base: `${origin}${base}`, headers }, forwarding);
}

/** Adds each socket to `sockets` while it is open. */
function tracked(connector: buildConnector.connector, sockets: Set<Socket>): buildConnector.connector {
  return (options, callback) => {
    // The types of undici leave out that a connector returns its socket.
    const socket: unknown = connector(options, callback);
    if (!(socket instanceof Socket)) return;
    // Undici does not destroy sockets that are still connecting, and such a socket keeps the process alive.
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Undici would report that the other side closed the connection, instead of the TLS alert before it.
    socket.once('error', (error) => socket.destroy(error));
  };
}

/**
 * Opens a tunnel in which the proxy sees neither credentials nor content. Undici's `ProxyAgent` does the same, but version
 * 7 connects again without end if the proxy closes the connection (https://github.com/nodejs/undici/issues/3897), and
 * its errors do not name the proxy.
 */
async function openTunnel(pool: Pool, proxy: HttpProxy, target: buildConnector.Options): Promise<Duplex> {
  const { port, hostname } = target;
  const authority = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port || 443}`;
  const request = { path: authority, headers: { host: authority, ...proxyHeaders(proxy) } };
  const { statusCode, socket } = await pool.connect(request).catch((error: Error) => {
    throw Object.assign(new Error(`proxy ${proxy.url}: ${describeError(error)}`), { code: PROXY_UNAVAILABLE_CODE });
  });
  if (statusCode >= 200 && statusCode < 300) return socket;
  socket.on('error', () => {}).destroy();
  throw explainRefusal(proxy, authority, statusCode);
}

function proxyHeaders({ authorization }: HttpProxy): Record<string, string> {
  return authorization === undefined ? {} : { 'proxy-authorization': authorization };
}

function explainRefusal({ url, variable }: HttpProxy, authority: string, status: number): Error {
  if (OUTAGE_STATUSES.has(status)) return new OwnError(PROXY_UNAVAILABLE_CODE, say`proxy ${url} answered ${status}`);
  if (status === 407) {
    return new OwnError(
      PROXY_REFUSED_CODE,
      say`The proxy ${url} refuses the credentials (407): put user name and password into ${variable}, as in http://user:password@host:port.`,
    );
  }
  return new OwnError(
    PROXY_REFUSED_CODE,
    say`The proxy ${url} does not connect to ${ownText(authority)} (${status}): allow it there, or add the host to no_proxy.`,
  );
}
