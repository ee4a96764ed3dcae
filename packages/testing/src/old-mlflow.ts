import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 * The same server as one of MLflow 3.3: it says so, and lacks the route for OTLP. Exporters then keep the spans of a
 * trace as an artifact, in the object store.
 *
 * @param target URL of the server that answers everything else
 */
export async function startWithoutOtlp(target: string): Promise<{ url: string; close(): Promise<void> }> {
  const proxy = createServer();
  proxy.on('request', async (request, response) => {
    const body = await buffer(request);
    if (request.url === '/v1/traces') {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"detail":"Not Found"}');
      return;
    }
    if (request.url === '/version') {
      response.end('3.3.2');
      return;
    }
    try {
      const answer = await fetch(`${target}${request.url}`, {
        method: request.method ?? 'GET',
        headers: {
          'content-type': request.headers['content-type'] ?? 'application/json',
          ...(request.headers.authorization === undefined ? {} : { authorization: request.headers.authorization }),
        },
        ...(body.length === 0 ? {} : { body }),
      });
      const answerBody = Buffer.from(await answer.arrayBuffer());
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
      response.end(answerBody);
    } catch {
      // The server is gone; to a client this one is, too.
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        proxy.closeAllConnections();
        proxy.close(() => resolve());
      }),
  };
}
