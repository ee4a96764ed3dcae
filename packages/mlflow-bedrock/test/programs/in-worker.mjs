// The application in a worker thread.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const worker = new Worker(new URL('./app.cjs', import.meta.url), { argv: process.argv.slice(2) });
const [code] = await once(worker, 'exit');
console.log(`the thread ended with ${code}`);
