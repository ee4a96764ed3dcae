import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { endDemos, runToEnd } from './support/demo.js';

describe('npm run demo (messages)', function () {
  this.timeout(180_000);
  let directory: string;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'demo-'));
  });

  afterEach(endDemos);
  after(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('reports in one line that no server answers at --mlflow, or that the port of --port is in use', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const address = busy.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    try {
      const { code, output } = await runToEnd(['--exit', '--directory', directory, '--port', String(port)]);
      expect(output).to.equal(`Port ${port} is in use: stop the program that listens there, or choose another port.\n`);
      expect(code).to.equal(1);
    } finally {
      busy.close();
    }
    await once(busy, 'close');
    const { code, output } = await runToEnd(['--exit', '--mlflow', `http://127.0.0.1:${port}/`]);
    expect(output).to.equal(
      `No MLflow server answers at http://127.0.0.1:${port} (ECONNREFUSED). Start it first (docker compose up --detach --wait), correct the address, or leave out --mlflow.\n`,
    );
    expect(code).to.equal(1);
  });
});
