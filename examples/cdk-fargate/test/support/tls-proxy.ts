import { connect, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from '../../../../packages/exporter-mlflow/test/support/certificates.js';

export interface TlsProxy {
  port: number;
  close(): Promise<void>;
}

/** First bytes of a PostgreSQL client that asks for TLS: the length 8 and the number of the request. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Adds TLS to a PostgreSQL without it. Refuses clients without TLS, like Amazon RDS with rds.force_ssl. */
export async function startTlsProxy(postgresPort: number, certificate: Certificate): Promise<TlsProxy> {
  const secureContext = createSecureContext(certificate);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => {}).on('close', () => sockets.delete(client));
    client.once('data', (first) => {
      if (!first.equals(SSL_REQUEST)) {
        client.destroy();
        return;
      }
      client.write('S');
      const encrypted = new TLSSocket(client, { isServer: true, secureContext });
      const postgres = connect(postgresPort, '127.0.0.1');
      for (const [one, other] of [
        [encrypted, postgres],
        [postgres, encrypted],
      ] as const)
        one.on('error', () => {}).on('close', () => other.destroy());
      encrypted.pipe(postgres).pipe(encrypted);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
