/** Reports the HTTP requests and connections of this process, as far as the runtime publishes them. */

import diagnosticsChannel from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { PerformanceObserver } from 'node:perf_hooks';

/** A request that is about to be sent. */
export interface OutgoingRequest {
  /** With the port, unless it is the default of the scheme. */
  readonly host: string;
  readonly userAgent: string | undefined;
}

interface ConnectingSocket extends Socket {
  /** The name of the host, also if it cannot be looked up. Not set for an address. */
  readonly _host?: string | null;
}

type Headers = Readonly<Record<string, unknown>>;

interface UndiciMessage {
  readonly request: { readonly origin?: unknown; readonly headers?: unknown };
}
interface HttpMessage {
  readonly request: { getHeader(name: string): unknown };
}
interface Http2Message {
  readonly headers: Headers;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * Each reads the message of a channel. Node.js 20 has no channel for HTTP/2, so connections are watched, too. It does not
 * show those with TLS either, so names that are looked up are the last resort.
 */
const REQUESTS: Readonly<Record<string, (message: never) => OutgoingRequest>> = {
  'undici:request:create': ({ request }: UndiciMessage) => ({
    host: hostOf(String(request.origin)),
    userAgent: userAgentOf(request.headers),
  }),
  'http.client.request.start': ({ request }: HttpMessage) => ({
    host: text(request.getHeader('host')) ?? '',
    userAgent: text(request.getHeader('user-agent')),
  }),
  'http2.client.stream.created': ({ headers }: Http2Message) => ({
    host: text(headers[':authority']) ?? '',
    userAgent: text(headers['user-agent']),
  }),
};
const CONNECTIONS = 'net.client.socket';

/** Takes an origin such as `https://example.com:8443`, which `fetch` has checked. */
function hostOf(origin: string): string {
  return origin.slice(origin.indexOf('//') + 2);
}

/** @param headers of undici: names and values in turn, or one text in its version 5 */
function userAgentOf(headers: unknown): string | undefined {
  if (typeof headers === 'string') return /^user-agent: (.*)$/im.exec(headers)?.[1]?.trim();
  if (!Array.isArray(headers)) return undefined;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name: unknown = headers[at];
    if (typeof name === 'string' && name.length === 10 && name.toLowerCase() === 'user-agent') {
      return text(headers[at + 1]);
    }
  }
  return undefined;
}

/** Gets the HTTP requests and connections of this process. */
export interface RequestObserver {
  /** Called before a request is sent. */
  request(request: OutgoingRequest): void;
  /**
   * Called in the context in which a connection is opened. The result is called with its host as soon as it is known, and
   * again with the port.
   */
  connection(): ((host: string) => void) | undefined;
  /** Called after the name of a host was looked up, in any context. */
  lookup(hostname: string): void;
}

/** Returns a function that ends the observation. The methods of the observer must not throw. */
export function observeRequests(observer: RequestObserver): () => void {
  const listeners = Object.entries(REQUESTS).map(([channel, read]) => {
    const listener = (message: unknown): void => observer.request(read(message as never));
    return [channel, listener] as const;
  });
  const onSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: ConnectingSocket };
    const connecting = observer.connection();
    if (!connecting) return;
    // Requests know more than connections, so those that follow at once come first.
    setImmediate(() => {
      if (socket._host) connecting(socket._host);
      if (socket.connecting) socket.once('connect', () => connected(socket, connecting));
      else connected(socket, connecting);
    });
  };
  listeners.push([CONNECTIONS, onSocket]);
  for (const [channel, listener] of listeners) diagnosticsChannel.subscribe(channel, listener);
  const lookups = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) observer.lookup(hostnameOf(entry));
  });
  lookups.observe({ entryTypes: ['dns'] });
  return () => {
    for (const [channel, listener] of listeners) diagnosticsChannel.unsubscribe(channel, listener);
    lookups.disconnect();
  };
}

function hostnameOf(lookup: object): string {
  return text((lookup as { readonly detail?: { readonly hostname?: unknown } }).detail?.hostname) ?? '';
}

/** Sockets of the file system have no address. */
function connected(socket: ConnectingSocket, connecting: (host: string) => void): void {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return;
  const host = socket._host || (remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress);
  connecting(remotePort === 80 || remotePort === 443 ? host : `${host}:${remotePort}`);
}
