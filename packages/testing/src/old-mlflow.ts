import { buffer } from 'node:stream/consumers';
import { type HttpServer, listen } from './http-server.js';

/**
 * Starts a proxy that makes an MLflow server look like one of version 3.3, which has no route for OTLP. The exporter
 * then stores the spans of a trace as an artifact.
 *
 * @param target URL of the server that answers everything else
 */
export function startWithoutOtlp(target: string): Promise<HttpServer> {
  return listen(async (request, response) => {
    const body = await buffer(request);
    if (request.url === '/v1/traces') {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"detail":"Not Found"}');
      return;
    }
    if (request.url === '/version') {
      response.end('3.3.2');
      return;
    }
    const { 'content-type': type = 'application/json', authorization } = request.headers;
    try {
      const answer = await fetch(`${target}${request.url}`, {
        method: request.method ?? 'GET',
        headers: { 'content-type': type, ...(authorization === undefined ? {} : { authorization }) },
        ...(body.length === 0 ? {} : { body }),
      });
      const answerBody = Buffer.from(await answer.arrayBuffer());
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
      response.end(answerBody);
    } catch {
      // The target is gone, so the client must lose its connection too.
      response.destroy();
    }
  });
}
