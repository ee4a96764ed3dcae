import { spawn } from 'node:child_process';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { eachTest } from '../support/each-test.js';
import type { Answer } from '../support/local-server.js';

describe('a stored trace of 60 MB', () => {
  const { closing, startServer } = eachTest();
  const MEGABYTE = 1024 * 1024;

  it('is not read to correct its totals, which the log says once', async () => {
    let written = 0;
    const streams: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"trace":{"trace_info":{},"spans":[');
      const piece = `${JSON.stringify({ name: 'x'.repeat(MEGABYTE) })},`;
      const more = (): void => {
        for (let isFree = true; isFree && written < 60; written++) isFree = response.write(piece);
        if (written >= 60) response.end('{}]}}');
      };
      response.on('drain', more);
      more();
    };
    const server = await startServer(({ path }) => (path.includes('/traces/get') ? streams : undefined));
    const program = fileURLToPath(new URL('../support/correct-large.ts', import.meta.url));
    const child = spawn(process.execPath, ['--max-old-space-size=64', '--import', 'tsx', program, server.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    closing.push(() => void child.kill('SIGKILL'));
    const { codes, lines } = (await json(child.stdout)) as { codes: number[]; lines: string[] };
    expect(codes).to.deep.equal([0, 0, 0, 0]);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(
      /^MLflow may show too few tokens for trace tr-[0-9a-f]{32}, and a wrong duration: the stored trace is larger than 8 MB, so its totals are not corrected for spans that arrived late\.$/,
    );
    expect(server.requests.filter(({ path }) => path.includes('/traces/get'))).to.have.length(1);
    // What did not fit into the buffers of the connection was never written.
    expect(written).to.be.below(30);
  });
});
