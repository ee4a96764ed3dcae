import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** An answer: a status with headers and body, or a function that writes the response itself. */
export type Answer =
  | { status: number; headers?: Record<string, string>; body?: string }
  | ((response: ServerResponse) => void);

export interface LocalServer {
  url: string;
  requests: ReceivedRequest[];
  /** Resolves when every request so far has its answer, or its client has disconnected. */
  left(): Promise<void>;
  close(): Promise<void>;
}

const EXPERIMENT = JSON.stringify({ experiment: { experiment_id: '7', name: 'local', lifecycle_stage: 'active' } });

/**
 * A server on this machine for answers that a real MLflow server rarely gives. If `answer` returns undefined, it answers
 * as a healthy server: experiment 7 exists, and it accepts spans and records.
 */
export async function startLocalServer(
  answer: (request: ReceivedRequest) => Answer | undefined = () => undefined,
  port = 0,
): Promise<LocalServer> {
  const requests: ReceivedRequest[] = [];
  const exchanges: Promise<void>[] = [];
  const server = createServer(async (message, response) => {
    exchanges.push(new Promise((resolve) => void response.once('close', () => resolve())));
    const { method = '', url: path = '', headers } = message;
    const body = await buffer(message).catch(() => undefined);
    // The client disconnected in the middle of its request.
    if (body === undefined) return;
    const request = { method, path, headers, body };
    requests.push(request);
    const answered = answer(request) ?? { status: 200, body: path.includes('/experiments/') ? EXPERIMENT : '{}' };
    if (typeof answered === 'function') return answered(response);
    response.writeHead(answered.status, { 'content-type': 'application/json', ...answered.headers });
    response.end(answered.body ?? '{}');
  });
  const url = await listen(server, port);
  return { url, requests, left: async () => void (await Promise.all(exchanges)), close: () => close(server) };
}

/** Returns an address without a listener. */
export async function unusedAddress(): Promise<string> {
  const server = createTcpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
