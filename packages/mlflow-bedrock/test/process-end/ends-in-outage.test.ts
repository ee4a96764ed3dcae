/** A process that ends during an outage of MLflow reports how many spans that costs. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { NOBODY, PROGRAMS, startBlackHole } from '../support/programs.js';

describe('a process that ends during an outage of MLflow', function () {
  this.timeout(30_000);

  /** Runs the program until it reports that spans wait, then ends it. */
  async function runAndEnd(trackingUri: string, end: (child: ChildProcess) => void): Promise<string> {
    const options = { trackingUri, timeoutMillis: 400, flushTimeoutMillis: 200 };
    const child = spawn(process.execPath, ['ends-in-outage.mjs', JSON.stringify(options)], {
      cwd: PROGRAMS,
      env: { ...process.env, NODE_OPTIONS: '', OTEL_BSP_SCHEDULE_DELAY: '50' },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let stderr = '';
    let isEnding = false;
    child.stderr?.on('data', (text) => {
      stderr += text;
      if (isEnding || !/spans? waits?/.test(stderr)) return;
      isEnding = true;
      end(child);
    });
    await once(child, 'close');
    return stderr;
  }

  const ENDS = {
    'process.exit()': (child: ChildProcess) => void child.stdin?.end(),
    SIGTERM: (child: ChildProcess) => void child.kill('SIGTERM'),
  };
  for (const [name, end] of Object.entries(ENDS)) {
    it(`reports three lost spans (${name}, nothing listens)`, async () => {
      expect(await runAndEnd(NOBODY, end)).to.match(/(^|\D)3 spans were not delivered\.$/m);
    });

    it(`reports three lost spans (${name}, no server answers)`, async () => {
      const server = await startBlackHole();
      try {
        expect(await runAndEnd(server.url, end)).to.match(/(^|\D)3 spans were not delivered\.$/m);
      } finally {
        server.close();
      }
    });
  }
});
