// Blocks its thread, as idle threads of a pool do.
const { parentPort } = require('node:worker_threads');

parentPort.postMessage('called');
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
