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

/**
 * Starts a receiver. To MLflow's exporter it is a server that knows the experiment `1` and keeps the trace records it gets.
 */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const records = new Map<string, string>();
  const waiting = new Set<() => void>();
  const server = await listen(async (request, response) => {
    const body = await buffer(request);
    if (request.url !== '/v1/traces') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(answerOf(request.url ?? '', body, records));
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

const TRACES = '/api/3.0/mlflow/traces';

/** The answer of an MLflow server to a trace record, to a request for a record, or to one for an experiment. */
function answerOf(path: string, body: Buffer, records: Map<string, string>): string {
  if (path !== TRACES) return records.get(path) ?? '{"experiment":{"experiment_id":"1"}}';
  const text = body.toString();
  const { trace } = JSON.parse(text) as { trace: { trace_info: { trace_id: string } } };
  records.set(`${TRACES}/${trace.trace_info.trace_id}`, text);
  return text;
}
