import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Demo, endDemos, expectTable, processesOn, runToEnd } from './support/demo.js';

describe('npm run demo', function () {
  this.timeout(180_000);
  let directory: string;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'demo-'));
  });

  afterEach(endDemos);
  after(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('shows the traces of the examples as MLflow has them, rejects a second demo on the same data, and leaves no process behind at Ctrl-C', async () => {
    const demo = new Demo(['--keep', '--directory', directory]);
    await demo.prints('Ctrl-C ends the demo.');
    expectTable(demo.output);
    const [, url = ''] = /^• MLflow (\S+)$/m.exec(demo.output) ?? [];
    expect((await fetch(`${url}/health`)).status).to.equal(200);

    const second = await runToEnd(['--exit', '--directory', directory]);
    expect(second.code).to.equal(1);
    expect(second.output).to.equal(
      `A demo is running already on ${url} (process ${demo.child.pid}). Stop it with Ctrl-C in its terminal, or add to it: npm run demo -- --mlflow ${url}\n`,
    );

    demo.pressCtrlC();
    expect(await demo.ended).to.equal(0);
    expect(processesOn(directory)).to.deep.equal([]);
  });

  it('leaves no process behind when Ctrl-C comes while the examples run', async () => {
    const demo = new Demo(['--keep', '--directory', directory]);
    await demo.prints('Bedrock:');
    expect(demo.processes().join('\n')).to.contain('scripts/bootstrap.mjs demo');
    demo.pressCtrlC();
    expect(await demo.ended).to.equal(130);
    expect(processesOn(directory)).to.deep.equal([]);
    expect(demo.processes()).to.deep.equal([]);
  });
});
