// Only the main thread is set up, in code; a worker thread has modules of its own.
import './setup.mjs';
import './app.mjs';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

await once(new Worker(new URL('app.mjs', import.meta.url)), 'exit');
