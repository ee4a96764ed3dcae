// The application in a worker thread that keeps running. The first argument selects how the thread lives.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

/** Starts the thread. Resolves when the application in it has made its call. */
async function start(file, argv) {
  const worker = new Worker(new URL(file, import.meta.url), { argv });
  await once(worker, 'message');
  return worker;
}

const LIVES = {
  'goes on': () => start('thread.cjs', ['keeps running']),
  'goes on until the main thread flushes and exits': async () => {
    await start('thread.cjs', ['keeps running']);
    process.once('SIGTERM', async () => {
      // The same object as the one that `register` made.
      if (process.execArgv.length > 0) await (await import('mlflow-bedrock')).autolog().flush();
      process.exit(5);
    });
  },
  'has a thread of its own that goes on': () => start('in-threads.mjs', ['goes on']),
  'is terminated': async () => {
    const worker = await start('thread.cjs', ['keeps running']);
    await worker.terminate();
    setInterval(() => {}, 1000);
  },
  'never calls and takes no messages': async () => {
    await start('blocked.cjs');
  },
  'never calls, takes no messages and does not keep the process alive': async () => {
    const worker = await start('blocked.cjs');
    worker.unref();
  },
  'does not keep the process alive': async () => {
    const worker = await start('thread.cjs', ['keeps running']);
    worker.unref();
  },
};
await LIVES[process.argv[2]]();
if (isMainThread) console.log('called');
else parentPort.postMessage('called');
