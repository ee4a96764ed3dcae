import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server of the test's own. */
export interface HttpServer {
  /** Without a trailing slash. */
  readonly url: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Starts an HTTP server on a free port of this machine. */
export async function listen(handler: RequestListener): Promise<HttpServer> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
