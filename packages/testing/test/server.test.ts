import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { execa } from 'execa';
import { freePort } from '../src/ports.js';
import { answers, createServer, type ServerDescription, startServer } from '../src/server.js';

const PROGRAM = join(import.meta.dirname, 'programs/http-server.mjs');
const OWNER = join(import.meta.dirname, 'programs/owner.ts');

describe('a server process', function () {
  this.timeout(30_000);
  let directory: string;
  let port: number;
  let url: string;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'server-test-'));
    port = await freePort();
    url = `http://127.0.0.1:${port}`;
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const describeServer = (...args: string[]): ServerDescription => ({
    name: 'The server',
    command: [process.execPath, PROGRAM, String(port), ...args],
    directory,
    isReady: () => answers(url),
  });
  const processesAt = async (address: string): Promise<number[]> => (await (await fetch(address)).json()) as number[];
  const isRunning = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  // The timeout of the test ends the wait.
  const eventually = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await delay(20);
  };

  it('ends with its workers at stop(), and starts again at the same address', async () => {
    const server = createServer(describeServer());
    await server.start();
    const processes = await processesAt(url);
    await server.stop();
    await eventually(() => !processes.some(isRunning));
    expect(await answers(url)).to.equal(false);

    await server.start();
    expect(await processesAt(url)).to.not.have.members(processes);
    expect(await server.log()).to.equal(`The server starts on port ${port}.\n`.repeat(2));
    await server.close();
    expect(existsSync(directory)).to.equal(true);
  });

  it('reports the exit code and the end of the log if it ends too early', async () => {
    const error = await startServer(describeServer('fails')).catch((thrown: Error) => thrown);
    expect((error as Error).message).to.equal(
      `The server did not start (exit code 3):\nThe server starts on port ${port}.\nThe database is missing.`,
    );
  });

  it('reports that the program does not exist', async () => {
    const error = await startServer({ ...describeServer(), command: ['no-such-program'] }).catch((thrown) => thrown);
    expect((error as Error).message).to.equal(
      'The server did not start (exit code 127):\nspawn no-such-program ENOENT',
    );
  });

  it('ends, and loses its temporary folder, when the process that started it is killed', async () => {
    const owner = execa(process.execPath, ['--import', 'tsx', OWNER, directory], { reject: false, buffer: false });
    const [address = ''] = await new Promise<string[]>((resolve) => {
      owner.stdout.once('data', (text: Buffer) => resolve(text.toString().trim().split('\n')));
    });
    const processes = await processesAt(address);
    owner.kill('SIGKILL');
    await owner;
    await eventually(() => !processes.some(isRunning) && !existsSync(directory));
  });
});
