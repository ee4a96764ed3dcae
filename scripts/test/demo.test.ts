import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';

const ROOT = resolve(import.meta.dirname, '../..');

/** The demo in a process group of its own, as a shell starts it. */
class Demo {
  static readonly running = new Set<Demo>();
  readonly child: ChildProcessWithoutNullStreams;
  output = '';
  readonly ended: Promise<number | null>;

  constructor(args: string[]) {
    this.child = spawn(process.execPath, ['scripts/bootstrap.mjs', 'demo', ...args], { cwd: ROOT, detached: true });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    Demo.running.add(this);
    this.ended = once(this.child, 'close').then(([code]) => {
      Demo.running.delete(this);
      return code as number | null;
    });
  }

  /** Resolves when the output contains the text; rejects when the demo ends without it. */
  async prints(text: string): Promise<void> {
    const tooEarly = this.ended.then(() => {
      if (!this.output.includes(text)) throw new Error(`The demo ended without "${text}":\n${this.output}`);
    });
    while (!this.output.includes(text)) await Promise.race([once(this.child.stdout, 'data'), tooEarly]);
  }

  /** Command lines of its group. */
  processes(): string[] {
    const lines = execFileSync('ps', ['-A', '-o', 'pgid=,args='], { encoding: 'utf8' }).split('\n');
    return lines.filter((line) => line.trimStart().startsWith(`${this.child.pid} `));
  }

  /** What a terminal and npm do at Ctrl-C: the terminal signals the whole group, npm passes its signal on. */
  pressCtrlC(): void {
    process.kill(-(this.child.pid ?? Number.NaN), 'SIGINT');
    process.kill(this.child.pid ?? Number.NaN, 'SIGINT');
  }
}

/** Ends what a failed test left behind: it would keep the test run from ending, and the folder in use. */
async function endDemos(): Promise<void> {
  for (const demo of Demo.running) {
    process.kill(-(demo.child.pid ?? Number.NaN), 'SIGKILL');
    await demo.ended;
  }
}

async function runToEnd(args: string[]): Promise<{ code: number | null; output: string }> {
  const demo = new Demo(args);
  return { code: await demo.ended, output: demo.output };
}

/** Command lines of the processes that work on the folder. */
function processesOn(directory: string): string[] {
  const commands = execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n');
  return commands.filter((command) => command.includes(directory));
}

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

  it('runs the examples, shows their traces as MLflow has them, and ends', async () => {
    const { code, output } = await runToEnd(['--exit', '--directory', directory]);
    expect(code, output).to.equal(0);
    const table = output.slice(output.indexOf('Read back from MLflow'));
    expect(table).to.match(/^trace +model +spans +input +output +total +cost +state$/m);
    const row = (name: string, model: string, spans: number): RegExp =>
      new RegExp(
        `^${name} +${model} +${spans} +\\d+ +\\d+ +\\d+ +0\\.\\d{6} +OK\\n  http://127.*selectedEvaluationId=tr-`,
        'gm',
      );
    expect(table.match(row('chat amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0', 1))).to.have.length(6);
    expect(table).to.match(row('streaming', 'amazon.nova-lite-v1:0', 3));
    expect(table).to.match(row('invoke_agent weather-agent', 'amazon.nova-pro-v1:0', 8));
    expect(table).to.match(row('answer and summary', 'amazon.nova-lite-v1:0', 3));
    expect(table).to.match(/^MLflow: http:\/\/127\.0\.0\.1:\d+\/#\/experiments\/1\/traces$/m);
    expect(processesOn(directory)).to.deep.equal([]);
  });

  it('stays up with --keep, refuses a second one meanwhile, and leaves no process behind at Ctrl-C', async () => {
    const demo = new Demo(['--keep', '--directory', directory]);
    await demo.prints('Ctrl-C ends the demo.');
    const [, url = ''] = /^• MLflow (\S+)$/m.exec(demo.output) ?? [];
    expect((await fetch(`${url}/health`)).status).to.equal(200);
    // Traces of the earlier demo are still there, but not in this one's table.
    expect(demo.output.match(/selectedEvaluationId/g)).to.have.length(11);

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

  it('uses a running server with --mlflow', async () => {
    const { url } = await testServer();
    const { code, output } = await runToEnd(['--exit', '--mlflow', url]);
    expect(code, output).to.equal(0);
    expect(output).to.contain(`• MLflow ${url}\n`);
    expect(output).to.not.contain('Starting MLflow');
    expect(output).to.match(new RegExp(`^MLflow: ${url}/#/experiments/\\d+/traces$`, 'm'));
  });

  it('says in one line that nothing answers at --mlflow, and that the port of --port is in use', async () => {
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
