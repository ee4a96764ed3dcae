import { EventEmitter, once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { type HttpServer, listen } from 'testing/http-server.js';
import { decodeTraceRequest } from 'testing/otlp-decode.js';

/** A backend that answers 503 until it recovers. */
export interface UnreliableBackend extends HttpServer {
  /** Resolves at its next answer 503. */
  refused(): Promise<void>;
  recover(): void;
  /** Resolves with the names of the spans that it took, when there are at least `count`. */
  received(count: number): Promise<readonly string[]>;
}

export async function startUnreliable(): Promise<UnreliableBackend> {
  const events = new EventEmitter();
  const names: string[] = [];
  let isUp = false;
  const server = await listen(async (request, response) => {
    const body = await buffer(request);
    response.writeHead(isUp ? 200 : 503, { 'content-type': 'application/x-protobuf' }).end();
    if (isUp) {
      const message = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      names.push(...decodeTraceRequest(message).map(({ name }) => name));
    }
    events.emit(isUp ? 'taken' : 'refused');
  });
  return {
    ...server,
    refused: async () => void (await once(events, 'refused')),
    recover() {
      isUp = true;
    },
    async received(count) {
      while (names.length < count) await once(events, 'taken');
      return names;
    },
  };
}
