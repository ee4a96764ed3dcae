// Starts a server and prints its address, folder and guard. The test then kills this process.
import { join } from 'node:path';
import { freePort } from '../../src/ports.js';
import { answers, startServer } from '../../src/server.js';

const [directory = ''] = process.argv.slice(2);
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
await startServer({
  name: 'The server',
  command: [process.execPath, join(import.meta.dirname, 'http-server.mjs'), String(port)],
  directory,
  isTemporary: true,
  isReady: () => answers(url),
});
console.log(url);
setInterval(() => {}, 1000);
