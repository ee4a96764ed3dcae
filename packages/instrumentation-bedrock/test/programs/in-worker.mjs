// Runs the programs that are named in its arguments, each in a worker thread; --import and --require reach those, too.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

for (const program of process.argv.slice(2)) {
  await once(new Worker(new URL(program, import.meta.url)), 'exit');
}
