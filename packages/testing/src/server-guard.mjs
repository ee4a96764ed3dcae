// Runs a server until standard input closes, then ends it with every process that it started.
//
// The other end of standard input belongs to the process that wants the server. However that process ends, even by
// SIGKILL, the pipe closes. If the process writes an order before that, "stop" or "kill", it removes the folder itself.
import { spawn, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const STOP_TIMEOUT_MILLIS = 5_000;
const WORKERS_TIMEOUT_MILLIS = 500;
const POLL_MILLIS = 20;

/** @type {{ command: string[], account: { uid?: number, gid?: number }, stopSignal: NodeJS.Signals, temporary?: string }} */
const { command, account, stopSignal, temporary } = JSON.parse(process.argv[2] ?? '');
const [program = '', ...args] = command;
let order = '';
let isPipeClosed = false;

// A process group of its own contains the server and its workers.
const server = spawn(program, args, {
  ...account,
  detached: true,
  stdio: ['ignore', 'inherit', 'inherit'],
  windowsHide: true,
});
server.on('error', ({ message }) => {
  console.error(message);
  process.exit(127);
});
server.on('exit', async (code) => {
  // The port is free only after the last worker has ended. The wait is short, because a system without a proper init
  // process keeps ended workers as zombies.
  for (let waited = 0; signalGroup('SIGKILL') && waited < WORKERS_TIMEOUT_MILLIS; waited += POLL_MILLIS) {
    await delay(POLL_MILLIS);
  }
  if (isPipeClosed && order === '' && temporary !== undefined) {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
  }
  process.exit(code ?? 1);
});

process.stdin.setEncoding('utf8').on('data', (text) => {
  order += text;
});
process.stdin.on('end', () => {
  isPipeClosed = true;
  signalGroup(order === 'kill' ? 'SIGKILL' : stopSignal);
  setTimeout(() => signalGroup('SIGKILL'), STOP_TIMEOUT_MILLIS);
});

/**
 * @param {NodeJS.Signals} signal
 * @returns {boolean} whether the group still had a process
 */
function signalGroup(signal) {
  if (server.pid === undefined) return false;
  if (process.platform === 'win32') {
    return spawnSync('taskkill', ['/T', '/F', '/PID', String(server.pid)], { stdio: 'ignore' }).status === 0;
  }
  try {
    return process.kill(-server.pid, signal);
  } catch {
    return false;
  }
}
