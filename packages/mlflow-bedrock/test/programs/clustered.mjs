// A cluster of two processes that serve, each after one call. The argument of the primary selects how they end.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';

const ENDINGS = {
  // As pm2 does it.
  'signals each worker': (workers) => {
    for (const worker of workers) worker.process.kill('SIGINT');
  },
  'disconnects its workers': () => cluster.disconnect(),
  // With a signal from outside, see the listener.
  'forwards the signal': () => {},
};

async function serve() {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = new BedrockRuntimeClient({});
  const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
  await client.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
  client.destroy();
  process.send('called');
}

async function lead(ending) {
  process.once('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
  });
  // Ctrl-C reaches the workers as well.
  process.on('SIGINT', () => {});
  const workers = [cluster.fork(), cluster.fork()];
  const ends = workers.map((worker) => once(worker, 'exit'));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  console.log('called');
  ENDINGS[ending](workers);
  console.log(JSON.stringify(await Promise.all(ends)));
}

if (cluster.isPrimary) await lead(process.argv[2]);
else await serve();
