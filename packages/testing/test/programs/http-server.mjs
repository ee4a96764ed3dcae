// A server for the tests: writes a line, listens on the port, and starts a worker that lives as long as it is left alone.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const [port, mode] = process.argv.slice(2);
console.log(`The server starts on port ${port}.`);
if (mode === 'fails') {
  console.error('The database is missing.');
  process.exit(3);
}
const worker = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
createServer((_, response) => response.end(JSON.stringify([process.pid, worker.pid]))).listen(
  Number(port),
  '127.0.0.1',
);
