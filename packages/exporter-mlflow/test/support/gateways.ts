import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface Gateway {
  url: string;
  port: number;
  /** The requests in order: method and target, with the credentials for the proxy itself. */
  requests: { method: string; target: string; headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

/** Starts a proxy that tunnels every host name to this machine and forwards plain HTTP to it. */
export async function startProxy(
  options: { answer?: (attempt: number) => number | 'silence' | undefined; authorization?: string } = {},
): Promise<Gateway> {
  const requests: Gateway['requests'] = [];
  const tunnels = new Set<Socket>();
  const refusal = (headers: IncomingHttpHeaders): number | 'silence' | undefined => {
    const { authorization, answer } = options;
    if (authorization !== undefined && headers['proxy-authorization'] !== authorization) return 407;
    return answer?.(requests.length);
  };
  const server = createServer((incoming, response) => {
    const { method = '', url: target = '', headers } = incoming;
    requests.push({ method, target, headers });
    const status = refusal(headers);
    if (status === 'silence') return;
    if (status !== undefined) return void response.writeHead(status).end();
    const { port, pathname, search } = new URL(target);
    const path = `${pathname}${search}`;
    const onward = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    incoming.pipe(onward);
  });
  server.on('connect', ({ method = '', url: target = '', headers }, socket: Socket) => {
    requests.push({ method, target, headers });
    tunnels.add(socket);
    socket.on('error', () => {});
    const status = refusal(headers);
    if (status === 'silence') return;
    if (status !== undefined) return void socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    const upstream = connect(Number(target.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () => socket.destroy());
    upstream.on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  return await listen(server, 'http', requests, () => {
    for (const socket of tunnels) socket.destroy();
  });
}

/** Starts a reverse proxy for an MLflow server, with or without TLS. It removes `path` from each request. */
export async function startReverseProxy(
  upstream: string,
  options: { path?: string; tls?: ServerOptions } = {},
): Promise<Gateway> {
  const { path: prefix = '', tls } = options;
  const requests: Gateway['requests'] = [];
  const { hostname, port, pathname } = new URL(upstream);
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on('request', (incoming, response) => {
    const { method = '', url: target = '', headers } = incoming;
    requests.push({ method, target, headers });
    if (!target.startsWith(`${prefix}/`)) return void response.writeHead(404).end();
    const path = `${pathname.replace(/\/$/, '')}${target.slice(prefix.length)}`;
    const onward = request({ hostname, port, method, path, headers: { ...headers, host: `${hostname}:${port}` } });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    incoming.pipe(onward);
  });
  return await listen(server, tls === undefined ? 'http' : 'https', requests, () => {});
}

async function listen(
  server: Server,
  scheme: string,
  requests: Gateway['requests'],
  endTunnels: () => void,
): Promise<Gateway> {
  // Some tests make handshakes fail on purpose.
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    requests,
    async close() {
      endTunnels();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
