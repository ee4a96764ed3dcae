/** An OTLP backend of the test's own. */

import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { type HttpServer, listen } from './http-server.js';
import { decodeTraceRequest, type ReceivedSpan } from './otlp-decode.js';

/** Takes traces by OTLP over HTTP and shows them. */
export interface OtlpReceiver extends HttpServer {
  /** The spans received so far. */
  readonly spans: readonly ReceivedSpan[];
  /** Resolves with all received spans when there are at least `count`. */
  received(count: number): Promise<readonly ReceivedSpan[]>;
}

/** Starts a receiver. It answers every other request as an MLflow server that knows the experiment `1`. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const waiting = new Set<() => void>();
  const server = await listen(async (request, response) => {
    const body = await buffer(request);
    if (request.url !== '/v1/traces') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"experiment":{"experiment_id":"1"}}');
      return;
    }
    spans.push(...decodeTraceRequest(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    for (const look of waiting) look();
  });
  return {
    ...server,
    spans,
    received: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (spans.length < count) return;
          waiting.delete(look);
          resolve(spans);
        };
        waiting.add(look);
        look();
      }),
  };
}
