import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { eachTest } from '../support/each-test.js';
import type { Answer } from '../support/local-server.js';
import { SUCCESS } from '../support/tracing.js';

const TIMEOUT_MILLIS = 2_500;
const PAUSE_MILLIS = 4_000;

describe('a process that is suspended for longer than the time of an export', () => {
  const { closing, startServer } = eachTest();
  const program = fileURLToPath(new URL('../support/export-once.ts', import.meta.url));

  /** Suspends the program while its first upload is under way. Returns what it printed, and the number of its uploads. */
  async function suspend(
    answer: (uploads: number) => Answer | undefined,
    duringPause: () => void = () => {},
  ): Promise<{ result: unknown; uploads: number }> {
    let uploads = 0;
    let arrived = (): void => {};
    const firstUpload = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const server = await startServer(({ path }) => {
      if (path !== '/v1/traces') return undefined;
      uploads += 1;
      arrived();
      return answer(uploads);
    });
    const child: ChildProcess = spawn(
      process.execPath,
      ['--import', 'tsx', program, server.url, String(TIMEOUT_MILLIS)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    closing.push(() => void child.kill('SIGKILL'));
    const printed = text(child.stdout!);
    await firstUpload;
    child.kill('SIGSTOP');
    await delay(PAUSE_MILLIS);
    duringPause();
    child.kill('SIGCONT');
    await once(child, 'exit');
    return { result: JSON.parse(await printed), uploads };
  }

  it('still delivers if it was waiting for the next attempt', async () => {
    let isDown = true;
    const { result } = await suspend(
      () => (isDown ? { status: 503 } : undefined),
      () => {
        isDown = false;
      },
    );
    expect(result).to.deep.equal({ code: SUCCESS });
  });

  it('still delivers if its connection is silent afterwards', async () => {
    const { result, uploads } = await suspend((count) => (count === 1 ? () => {} : undefined));
    expect(result).to.deep.equal({ code: SUCCESS });
    expect(uploads).to.equal(2);
  });

  it('still delivers if all its connections are silent afterwards, also idle ones', async () => {
    const sockets = new Set<Socket | null>();
    let isAfterPause = false;
    const { result } = await suspend(
      () => (response) => {
        if (!isAfterPause) {
          sockets.add(response.socket);
          response.writeHead(503).end();
        } else if (!sockets.has(response.socket)) {
          response.writeHead(200).end();
        }
      },
      () => {
        isAfterPause = true;
      },
    );
    expect(result).to.deep.equal({ code: SUCCESS });
  });

  it('still delivers if the server closed its connection', async () => {
    let hangUp = (): void => {};
    const { result, uploads } = await suspend(
      (count) => {
        if (count > 1) return undefined;
        return (response) => {
          hangUp = () => response.destroy();
        };
      },
      () => hangUp(),
    );
    expect(result).to.deep.equal({ code: SUCCESS });
    expect(uploads).to.equal(2);
  });

  it('reads the answer that came in the meantime', async () => {
    let reply = (): void => {};
    const { result, uploads } = await suspend(
      () => (response) => {
        reply = () => void response.writeHead(200).end();
      },
      () => reply(),
    );
    expect(result).to.deep.equal({ code: SUCCESS });
    expect(uploads).to.equal(1);
  });
});
