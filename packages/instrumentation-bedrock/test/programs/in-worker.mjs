// Runs each program of its arguments in a worker thread. --import and --require apply to worker threads too.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

for (const program of process.argv.slice(2)) {
  await once(new Worker(new URL(program, import.meta.url)), 'exit');
}
