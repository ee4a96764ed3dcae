// The application in a worker thread. It prints nothing, and sends a message when it has made its call.
const { parentPort } = require('node:worker_threads');

console.error = () => {};
console.log = () => parentPort.postMessage('called');
require('./app.cjs');
