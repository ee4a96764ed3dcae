/** A server in the place of MLflow, which answers at once and counts. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const EXPERIMENT = JSON.stringify({ experiment: { experiment_id: '1', name: 'bench', lifecycle_stage: 'active' } });

export interface MlflowSink {
  readonly url: string;
  requests(): number;
  bytes(): number;
  close(): void;
}

export async function startMlflowSink(): Promise<MlflowSink> {
  let requests = 0;
  let bytes = 0;
  const server = createServer((request, response) => {
    requests++;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(request.url?.includes('/experiments/') ? EXPERIMENT : '{}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    bytes: () => bytes,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
