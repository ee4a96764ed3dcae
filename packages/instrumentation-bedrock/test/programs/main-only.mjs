// Only the main thread has an instrumentation. A worker thread has its own modules.
import './setup.mjs';
import './app.mjs';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

await once(new Worker(new URL('app.mjs', import.meta.url)), 'exit');
