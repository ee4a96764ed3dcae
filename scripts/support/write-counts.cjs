// Loaded by the files that `npm run coverage` counts, in its copy of the repository. They count in this global, under
// Istanbul's name for it. The folder of the counts is beside the copy.
const { writeFileSync } = require('node:fs');
const { resolve } = require('node:path');
const { threadId } = require('node:worker_threads');

const FOLDER = resolve(__dirname, '../../../counts');

function write() {
  const { __coverage__: counts = {} } = /** @type {{ __coverage__?: object }} */ (globalThis);
  const name = `${process.pid}-${threadId}-${process.hrtime.bigint()}.json`;
  try {
    writeFileSync(resolve(FOLDER, name), JSON.stringify(counts));
  } catch (error) {
    // Deno, without the permission to write there. The application must not fail, so this process does not count.
    if (error instanceof Error && error.name === 'NotCapable') return;
    throw error;
  }
}

process.on('exit', write);
// A process that ends itself by a signal has no event `exit`.
const { kill } = process;
process.kill = (pid, signal) => {
  if (pid === process.pid) write();
  return kill.call(process, pid, signal);
};
