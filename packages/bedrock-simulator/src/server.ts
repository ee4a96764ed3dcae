import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** Writes a response, in the same way for both versions of HTTP. */
export interface Wire {
  start(status: number, headers: Readonly<Record<string, string>>): void;
  /** Resolves when the bytes are sent, or when the client has disconnected. */
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
  /** Sends RST_STREAM in HTTP/2. Resets the connection in HTTP/1.1, which cannot reset less. */
  reset(): void;
  /** Aborted when the response ends, for any reason. */
  readonly closed: AbortSignal;
}

export interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Resolves with undefined if the client disconnects before the end of its request. */
  readBody(): Promise<Buffer | undefined>;
  /** The body as it arrives, in the place of `readBody`. */
  streamBody(): AsyncIterable<Buffer>;
  readonly httpVersion: '1.1' | '2.0';
}

export type Handler = (incoming: Incoming, wire: Wire) => Promise<void>;

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** An HTTP/2 connection with prior knowledge starts with `PRI * HTTP/2.0`. No HTTP/1.1 method starts with `PRI`. */
const HTTP2_PREFACE = 'PRI';

/** Listens on loopback for HTTP/1.1 and cleartext HTTP/2 on one port. */
export async function listen(handler: Handler, port: number): Promise<Listener> {
  const http1 = createHttp1Server((request, response) => void serveHttp1(handler, request, response));
  // The scenario "hang" needs requests without a time limit, but Node's own timers would end them.
  Object.assign(http1, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
  const http2 = createHttp2Server();
  http2.on('stream', (stream, headers) => void serveHttp2(handler, stream, headers));
  http2.on('sessionError', ignore);

  const sockets = new Set<Socket>();
  const tcp = createTcpServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', ignore);
    detectVersion(socket, (version) => (version === '2.0' ? http2 : http1).emit('connection', socket));
  });
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(port, '127.0.0.1', () => {
      tcp.off('error', reject);
      resolve();
    });
  });
  return {
    port: (tcp.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        tcp.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function detectVersion(socket: Socket, found: (version: '1.1' | '2.0') => void): void {
  let head = Buffer.alloc(0);
  const onReadable = () => {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return;
    head = Buffer.concat([head, bytes]);
    const start = head.toString('latin1', 0, HTTP2_PREFACE.length);
    if (start.length < HTTP2_PREFACE.length && HTTP2_PREFACE.startsWith(start)) return;
    socket.off('readable', onReadable);
    socket.unshift(head);
    found(start === HTTP2_PREFACE ? '2.0' : '1.1');
  };
  socket.on('readable', onReadable);
}

async function serveHttp1(handler: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.on('error', ignore);
  response.on('error', ignore);
  const closed = abortOnClose(response);
  await handler(
    {
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: flatten(request.headers),
      ...bodyOf(request),
      httpVersion: '1.1',
    },
    {
      start: (status, headers) => {
        response.writeHead(status, headers);
        response.flushHeaders();
      },
      write: (bytes) => written(closed, (done) => response.write(bytes, done)),
      end: () => response.end(),
      reset: () => request.socket.resetAndDestroy(),
      closed,
    },
  );
}

async function serveHttp2(handler: Handler, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  stream.on('error', ignore);
  const closed = abortOnClose(stream);
  await handler(
    {
      method: headers[':method'] ?? 'GET',
      path: headers[':path'] ?? '/',
      headers: flatten(headers),
      ...bodyOf(stream),
      httpVersion: '2.0',
    },
    {
      start: (status, responseHeaders) => stream.respond({ ':status': status, ...responseHeaders }),
      write: (bytes) => written(closed, (done) => stream.write(bytes, done)),
      end: () => stream.end(),
      // Not close(code), because that ends the stream normally before it sends the reset.
      reset: () => void stream.destroy(new Error('Reset by the Bedrock simulator.')),
      closed,
    },
  );
}

function bodyOf(stream: Readable): Pick<Incoming, 'readBody' | 'streamBody'> {
  return {
    readBody: () => readBody(stream),
    // Else a script that reads no further would end the answer, too.
    streamBody: () => stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>,
  };
}

function readBody(stream: Readable): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.once('end', () => resolve(Buffer.concat(pieces)));
    stream.once('close', () => resolve(undefined));
  });
}

function abortOnClose(stream: NodeJS.EventEmitter): AbortSignal {
  const controller = new AbortController();
  stream.once('close', () => controller.abort());
  return controller.signal;
}

/** Also waits for the signal, because a destroyed response may never call back. */
function written(closed: AbortSignal, write: (done: () => void) => void): Promise<void> {
  if (closed.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      closed.removeEventListener('abort', done);
      resolve();
    };
    closed.addEventListener('abort', done, { once: true });
    write(done);
  });
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name, value]) => value !== undefined && !name.startsWith(':'))
      .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]),
  );
}

/** Clients may disconnect at any time, which is not an error of the simulator. */
function ignore(): void {}
