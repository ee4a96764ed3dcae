import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { unusedAddress } from '../support/local-server.js';
import type { LoadReport } from '../support/traced-load.js';

const MILLIS = 6000;
const WARM_UP_CALLS = 1000;
// The processor's full queue and one open batch are 2,560 spans of two kilobytes, plus the objects around them.
const MOST_HEAP_MEGABYTES = 24;

describe('an application with 1,000 traced calls per second', () => {
  let reports: Record<'nothing' | 'refused' | 'silent', LoadReport>;
  before(async function () {
    this.timeout(60_000);
    const hole = await startBlackHole();
    // At the same time, so that other programs disturb all three in the same way.
    const [nothing, refused, silent] = await Promise.all([run(''), run(await unusedAddress()), run(hole.url)]);
    await hole.close();
    reports = { nothing, refused, silent };
    for (const [exporter, { calls, callMicros, loopMillis, heapMegabytes, shutdownMillis }] of Object.entries(
      reports,
    )) {
      console.log(
        `    ${exporter}: ${calls} calls, ${callMicros.mean.toFixed(1)} µs each (p99 ${callMicros.p99.toFixed(0)}), event loop late by p99 ${loopMillis.p99.toFixed(1)} ms, max ${loopMillis.max.toFixed(0)} ms, heap +${heapMegabytes.toFixed(1)} MB, shutdown ${shutdownMillis.toFixed(0)} ms`,
      );
    }
  });

  for (const [how, name] of [
    ['nothing listens where MLflow should be', 'refused'],
    ['MLflow accepts connections and never answers', 'silent'],
  ] as const) {
    describe(`while ${how}`, () => {
      it('keeps its latency', () => {
        const { callMicros, loopMillis, calls } = reports[name];
        const { nothing } = reports;
        console.log(`      ratio to no exporter: ${(callMicros.mean / nothing.callMicros.mean).toFixed(2)}`);
        expect(calls).to.be.at.least(0.95 * (WARM_UP_CALLS + MILLIS));
        // Twice as long, plus a little, because short times vary on a busy machine.
        expect(callMicros.mean).to.be.below(2 * nothing.callMicros.mean + 50);
        expect(callMicros.p99).to.be.below(3 * nothing.callMicros.p99 + 500);
        expect(loopMillis.p99).to.be.below(3 * nothing.loopMillis.p99 + 20);
        expect(loopMillis.max).to.be.below(nothing.loopMillis.max + 300);
      });

      it('keeps its memory', () => {
        expect(reports[name].heapMegabytes).to.be.below(reports.nothing.heapMegabytes + MOST_HEAP_MEGABYTES);
      });

      it('reads the cause once in its log, and the exact number of lost spans at the end', () => {
        const { told, exported } = reports[name];
        const causes = told.filter((line) => /^error: MLflow at .* cannot be reached \(.*\)\. \d+ spans? /.test(line));
        expect(causes).to.have.length(1);
        const sums = told.flatMap(
          (line) => /^warn: MLflow exporter: (\d+) spans? (?:was|were) not delivered/.exec(line)?.[1] ?? [],
        );
        expect(sums).to.have.length(1);
        expect(Number(sums[0])).to.equal(exported);
      });

      it('ends in time', () => {
        expect(reports[name].shutdownMillis).to.be.below(6000);
      });
    });
  }
});

async function run(address: string): Promise<LoadReport> {
  const program = fileURLToPath(new URL('../support/traced-load.ts', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', program, address, String(MILLIS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [report] = await Promise.all([json(child.stdout), once(child, 'exit')]);
  return report as LoadReport;
}

async function startBlackHole(): Promise<{ url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
