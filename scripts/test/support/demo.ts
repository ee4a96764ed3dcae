import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect } from 'chai';

const ROOT = resolve(import.meta.dirname, '../../..');

/** A demo in a process group of its own, as a shell starts it. */
export class Demo {
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

  /** Resolves when the output contains the text. Rejects if the demo ends without it. */
  async prints(text: string): Promise<void> {
    const tooEarly = this.ended.then(() => {
      if (!this.output.includes(text)) throw new Error(`The demo ended without "${text}":\n${this.output}`);
    });
    while (!this.output.includes(text)) await Promise.race([once(this.child.stdout, 'data'), tooEarly]);
  }

  /** The command lines of the demo's processes. */
  processes(): string[] {
    const lines = execFileSync('ps', ['-A', '-o', 'pgid=,args='], { encoding: 'utf8' }).split('\n');
    return lines.filter((line) => line.trimStart().startsWith(`${this.child.pid} `));
  }

  /** Sends the signals of Ctrl-C: the terminal's to the whole group, and npm's to the demo. */
  pressCtrlC(): void {
    process.kill(-(this.child.pid ?? Number.NaN), 'SIGINT');
    process.kill(this.child.pid ?? Number.NaN, 'SIGINT');
  }
}

/** Ends the demos of a failed test, which would keep the test process alive and the folder in use. */
export async function endDemos(): Promise<void> {
  for (const demo of Demo.running) {
    process.kill(-(demo.child.pid ?? Number.NaN), 'SIGKILL');
    await demo.ended;
  }
}

/** Runs a demo to its end. */
export async function runToEnd(args: string[]): Promise<{ code: number | null; output: string }> {
  const demo = new Demo(args);
  return { code: await demo.ended, output: demo.output };
}

/** The command lines of the processes that use the folder. */
export function processesOn(directory: string): string[] {
  const commands = execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n');
  return commands.filter((command) => command.includes(directory));
}

/** Checks the table of a demo: every example's trace with its model, number of spans, tokens, cost, state and link. */
export function expectTable(output: string): void {
  const table = output.slice(output.indexOf('Read back from MLflow'));
  expect(table).to.match(/^trace +model +spans +input +output +total +cost +state$/m);
  const row = (name: string, model: string, spans: number): RegExp => {
    const figures = ' +\\d+ +\\d+ +\\d+ +0\\.\\d{6} +OK';
    return new RegExp(`^${name} +${model} +${spans}${figures}\\n  http://127.*selectedEvaluationId=tr-`, 'gm');
  };
  expect(table.match(row('chat amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0', 1))).to.have.length(6);
  expect(table).to.match(/^embeddings amazon\.titan-embed-text-v2:0 +amazon\.titan-embed-text-v2:0 +1 +- .* ERROR$/m);
  expect(table).to.match(row('streaming', 'amazon.nova-lite-v1:0', 3));
  expect(table).to.match(row('invoke_agent weather-agent', 'amazon.nova-pro-v1:0', 8));
  expect(table).to.match(row('answer and summary', 'amazon.nova-lite-v1:0', 3));
  const agent = 'anthropic.claude-3-5-sonnet-20240620-v1:0';
  expect(table).to.match(row('chat turn', `${agent}, amazon.nova-pro-v1:0`, 14));
  expect(table).to.match(row('chat turn', agent, 10));
  expect(table).to.match(/^retrieval SHOPKB0001 +1 +- +- +- +- +OK$/m);
}
